// Sends what a person decides: the page's template is the form, and says where it goes.
const template = document.querySelector("template[data-path]");
const NAME = "tillrelay-actor";

async function send(event) {
  event.preventDefault();
  const form = event.target, answer = form.querySelector("[role=alert]");
  const order = Object.fromEntries(new FormData(form));
  if (order.state !== "assigned") delete order.assignee;
  if (!["skip", "restart"].includes(order.action)) delete order.cursor;
  localStorage.setItem(NAME, order.actor);
  try {
    const reply = await fetch(template.dataset.path + form.dataset.id, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(order),
    });
    if (reply.ok) return location.reload();
    const problem = await reply.json();
    answer.textContent = problem.detail || problem.title;
  } catch {
    answer.textContent = "The collector does not answer.";
  }
}

function show(button) {
  const form = template.content.firstElementChild.cloneNode(true);
  const { state, action, assignee, cursor, actor } = form.elements;
  form.dataset.id = button.dataset.id;
  actor.value = localStorage.getItem(NAME) || "";
  if (cursor) cursor.value = button.dataset.cursor || "";
  const choose = () => {
    if (assignee) assignee.parentElement.hidden = state.value !== "assigned";
    if (cursor) cursor.parentElement.hidden = !["skip", "restart"].includes(action.value);
  };
  (state || action).addEventListener("change", choose);
  choose();
  form.addEventListener("submit", send);
  form.querySelector("[type=button]").addEventListener("click", () => {
    form.replaceWith(button);
    button.focus();
  });
  button.replaceWith(form);
  form.querySelector("select, input:not([type=hidden])").focus();
}

document.querySelector("main").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-id]");
  if (button) show(button);
});
document.documentElement.classList.add("decides");
