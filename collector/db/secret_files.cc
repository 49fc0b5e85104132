#include "collector/db/secret_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "common/base/digest.h"
#include "common/base/text.h"

namespace tillrelay::collector {
namespace {

// As written; a query may name it once more.
std::vector<std::string> PasswordsIn(const std::string& url) {
  std::vector<std::string> found;
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return found;
  const size_t begin = scheme + 3, path = url.find_first_of("/?", begin);
  const std::string_view authority = std::string_view(url).substr(begin, path - begin);
  // A password may hold an "@" that somebody forgot to escape: the last one ends it. It may hold a
  // "/" or a "?" as well, so that the host is not where it seems to be.
  const size_t at = authority.rfind('@') != std::string_view::npos ? begin + authority.rfind('@')
                                                                   : url.rfind('@');
  const size_t colon = url.find(':', begin);
  if (at != std::string::npos && colon != std::string::npos && colon < at) {
    found.push_back(url.substr(colon + 1, at - colon - 1));
    // As much of it as a reader takes who does not know that it goes on.
    const std::string whole = found.back();
    for (size_t from = 0, end = 0; end < whole.size(); from = end + 1) {
      end = std::min(whole.find_first_of("/?#@", from), whole.size());
      found.push_back(whole.substr(from, end - from));
    }
  } else if (const size_t last = authority.rfind(':'); last != std::string_view::npos) {
    // The host was forgotten: a reader takes the password for a port.
    const std::string port(authority.substr(last + 1));
    if (!AllDigits(port) && !authority.ends_with(']')) found.push_back(port);
  }
  constexpr std::string_view kParameter = "password=";
  for (size_t from = url.find(kParameter); from != std::string::npos;
       from = url.find(kParameter, from + 1)) {
    const size_t value = from + kParameter.size();
    found.push_back(url.substr(value, url.find('&', value) - value));
  }
  std::erase(found, "");
  return found;
}

// "%41" becomes "A"; what cannot be decoded stays.
std::string Decoded(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = 0;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        FromHex(std::string_view(text).substr(i + 1, 2), &byte, 1);
    out += escape ? static_cast<char>(byte) : text[i];
    if (escape) i += 2;
  }
  return out;
}

void Hide(const std::string& secret, std::string* text) {
  for (size_t at = secret.empty() ? std::string::npos : text->find(secret); at != std::string::npos;
       at = text->find(secret, at)) {
    text->replace(at, secret.size(), "***");
    at += 3;
  }
}

}  // namespace

Status CheckSecretFile(std::string_view key, const std::string& path) {
  struct stat file {};
  if (path.empty() || stat(path.c_str(), &file) != 0) return Status::Ok();  // reading it says why
  if ((file.st_mode & S_IROTH) == 0) return Status::Ok();
  return Invalid(std::string(key) + ": " + path + " can be read by everybody: chmod o= " + path);
}

std::string PasswordIn(const std::string& url) {
  const auto found = PasswordsIn(url);
  return found.empty() ? "" : found.front();
}

std::string WithoutPassword(std::string text, const std::string& url) {
  for (const std::string& password : PasswordsIn(url)) {
    Hide(password, &text);
    Hide(Decoded(password), &text);
  }
  return text;
}

}  // namespace tillrelay::collector
