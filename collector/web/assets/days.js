// Signs a store's business day.
const template = document.getElementById("signature");
const NAME = "tillrelay-actor";

async function sign(event) {
  event.preventDefault();
  const form = event.target, answer = form.querySelector("[role=alert]");
  const signing = { state: "signed", ...Object.fromEntries(new FormData(form)) };
  localStorage.setItem(NAME, signing.actor);
  try {
    const reply = await fetch("/v1/days/" + form.dataset.id, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(signing),
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
  form.dataset.id = button.dataset.id;
  form.elements.actor.value = localStorage.getItem(NAME) || "";
  form.addEventListener("submit", sign);
  form.querySelector("[type=button]").addEventListener("click", () => {
    form.replaceWith(button);
    button.focus();
  });
  button.replaceWith(form);
  form.elements.note.focus();
}

document.querySelector("main").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-id]");
  if (button) show(button);
});
document.documentElement.classList.add("decides");
