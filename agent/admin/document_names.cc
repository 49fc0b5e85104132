#include "agent/admin/document_names.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "common/base/json_reader.h"
#include "common/base/text.h"
#include "common/event/identity.h"

namespace tillrelay::admin {
namespace {

constexpr size_t kMaxNameBytes = 128;

std::string TextOf(JsonValue value) {
  const bool scalar = value.is_string() || value.is_number();
  return scalar ? Printable(value.text(), kMaxNameBytes) : std::string();
}

std::string Register(std::string_view name) {
  return std::string(event::WithoutLeadingZeros(name));
}

DocumentNames InObject(JsonValue root) {
  constexpr std::pair<const char*, const char*> kParts[] = {{"transaction", "transaction_no"},
                                                            {"transfer", "transfer_id"},
                                                            {"count", "count_id"},
                                                            {"adjustment", "adjustment_id"},
                                                            {"close", "z_no"}};
  DocumentNames names;
  names.kind = TextOf(root.Find("kind"));
  const auto* named = std::find_if(std::begin(kParts), std::end(kParts), [root](const auto& part) {
    return root.Find(part.first).is_object();
  });
  if (named == std::end(kParts)) {
    const JsonValue data = root.Find("data");  // a CloudEvent's
    return data.is_object() ? InObject(data) : names;
  }
  const JsonValue part = root.Find(named->first);
  names.number = TextOf(part.Find(named->second));
  names.register_id = Register(TextOf(part.Find("register_id")));
  names.business_day = TextOf(part.Find("business_day"));
  return names;
}

// The text of the first element of that name, whatever its prefix.
std::string ElementText(std::string_view xml, std::string_view name) {
  for (size_t at = xml.find(name); at != std::string_view::npos; at = xml.find(name, at + 1)) {
    const size_t open = at + name.size();
    if (at == 0 || (xml[at - 1] != '<' && xml[at - 1] != ':')) continue;
    if (open >= xml.size() || (xml[open] != '>' && xml[open] != ' ')) continue;
    const size_t end = xml.find('>', open);
    if (end == std::string_view::npos) return "";
    const std::string_view text = xml.substr(end + 1, xml.find('<', end) - end - 1);
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return "";
    const size_t last = text.find_last_not_of(" \t\r\n");
    return Printable(text.substr(first, last - first + 1), kMaxNameBytes);
  }
  return "";
}

DocumentNames InXml(std::string_view xml) {
  return {"", Register(ElementText(xml, "WorkstationID")), ElementText(xml, "SequenceNumber"),
          ElementText(xml, "BusinessDayDate")};
}

}  // namespace

DocumentNames NamesIn(const std::string& document) {
  const size_t first = document.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  if (document[first] == '<') return InXml(document);
  if (document[first] != '{') return {};
  JsonParser parser;
  std::string bytes = document;
  const auto root = parser.Parse(bytes);
  return root.ok() && root->is_object() ? InObject(*root) : DocumentNames();
}

}  // namespace tillrelay::admin
