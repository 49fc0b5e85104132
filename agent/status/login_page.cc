#include "agent/status/login_page.h"

#include <fmt/format.h>

#include "agent/status/page.h"
#include "agent/status/words.h"

namespace tillrelay::status {
namespace {

using access::LoginTrouble;

std::string Trouble(const access::LoginForm& form) {
  switch (form.trouble) {
    case LoginTrouble::kWrong:
      return std::string(words::kLoginWrong);
    case LoginTrouble::kLockedOut:
      return fmt::format(words::kLoginLockedOut, form.wait.count());
    case LoginTrouble::kLinkUsed:
      return std::string(words::kLoginLinkUsed);
    case LoginTrouble::kBusy:
      return std::string(words::kLoginBusy);
    case LoginTrouble::kNone:
      break;
  }
  return form.has_password ? "" : std::string(words::kLoginNoPassword);
}

std::string Hidden(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  return fmt::format("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", name, EscapeHtml(value));
}

std::string Fields(const access::LoginForm& form) {
  if (!form.link.empty()) return Hidden("token", form.link);
  return fmt::format(
      "<p><label>{}<br><input name=\"user\" value=\"{}\" autocomplete=\"username\" "
      "required></label>"
      "</p>\n<p><label>{}<br><input type=\"password\" name=\"password\" "
      "autocomplete=\"current-password\" required autofocus></label></p>\n",
      words::kLoginUser, EscapeHtml(form.user), words::kLoginPassword);
}

}  // namespace

std::string LoginPage(const access::LoginForm& form) {
  const std::string trouble = Trouble(form);
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0} · {1}</title>\n<link rel=\"stylesheet\" href=\"/assets/style.css\">\n"
      "</head>\n<body>\n<main id=\"content\">\n<h1>{0}</h1>\n",
      words::kLoginTitle, words::kTitle);
  if (!trouble.empty()) {
    html += fmt::format("<p role=\"alert\">{}</p>\n", EscapeHtml(trouble));
  }
  html += fmt::format(
      "<form method=\"post\" action=\"/login\">\n{}{}<p><button>{}</button></p>\n</form>\n"
      "<p class=\"soft\">{}</p>\n</main>\n</body>\n</html>\n",
      Fields(form), Hidden("next", form.next), words::kLoginButton, words::kLoginByLink);
  return html;
}

}  // namespace tillrelay::status
