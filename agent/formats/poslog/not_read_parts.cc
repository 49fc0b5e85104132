#include "agent/formats/poslog/not_read_parts.h"

#include <string>
#include <vector>

#include "agent/formats/poslog/element_readers.h"

namespace tillrelay::formats::poslog {
namespace {

class Lister {
 public:
  explicit Lister(const Vocabulary& words) : words_(words) {}

  // Whether anything of it was read; what was not goes to `unread`.
  bool Visit(XmlElement element, const std::string& above, std::vector<std::string>* unread) {
    const std::string path = above + std::string(element.name());
    std::vector<std::string> below;
    bool any = element.was_read() || IsKnown(element.name());
    element.ForEachUnreadAttribute([&](std::string_view name) {
      if (!IsKnown(name)) below.push_back(path + "/@" + std::string(name));
    });
    any = any || element.attribute_was_read();
    if (!element.was_read() && !IsKnown(element.name()) && !element.PeekText().empty()) {
      below.push_back(path);
    }
    for (const XmlElement child : element) any = Visit(child, path + "/", &below) || any;
    if (!any) below.assign(1, path);
    unread->insert(unread->end(), below.begin(), below.end());
    return any;
  }

 private:
  // Read as a flag, or said to be harmless; or it is the writing's own.
  bool IsKnown(std::string_view name) const {
    return OneOf(name, {"nil", "schemaLocation", "noNamespaceSchemaLocation"}) ||
           !words_.Meaning(Question::kFlag, name).empty();
  }

  const Vocabulary& words_;
};

}  // namespace

void ListNotRead(XmlElement root, const Vocabulary& words, NotRead* not_read) {
  std::vector<std::string> unread;
  Lister(words).Visit(root, "", &unread);
  for (const std::string& path : unread) not_read->Add(path);
}

}  // namespace tillrelay::formats::poslog
