#include "agent/formats/poslog/xml_tree.h"

namespace tillrelay::formats::poslog {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

std::string_view Trimmed(std::string_view text) {
  const size_t from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

void XmlTree::Clear() {
  pool_.clear();
  nodes_.clear();
  attributes_.clear();
  open_ = kNone;
}

size_t XmlTree::bytes() const {
  return pool_.size() + nodes_.size() * sizeof(Node) + attributes_.size() * sizeof(Attribute);
}

XmlElement XmlTree::root() const { return {this, nodes_.empty() ? kNone : 0}; }

XmlElement XmlTree::at(uint32_t index) const { return {this, index}; }

XmlTree::Slice XmlTree::Keep(std::string_view text) {
  const Slice slice{static_cast<uint32_t>(pool_.size()), static_cast<uint32_t>(text.size())};
  pool_ += text;
  return slice;
}

void XmlTree::Open(std::string_view name) {
  const auto index = static_cast<uint32_t>(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.name = Keep(name);
  node.first_attribute = static_cast<uint32_t>(attributes_.size());
  node.parent = open_;
  if (open_ != kNone) {
    Node& parent = nodes_[open_];
    (parent.first_child == kNone ? parent.first_child : nodes_[parent.last_child].next) = index;
    parent.last_child = index;
  }
  open_ = index;
}

void XmlTree::AddAttribute(std::string_view name, std::string_view value) {
  const Slice kept = Keep(name);
  attributes_.push_back({kept, Keep(value)});
  ++nodes_[open_].attributes;
}

void XmlTree::AddText(std::string_view text) {
  Node& node = nodes_[open_];
  if (node.first_child != kNone) return AddTextBehind(text, &node);
  if (node.text.size == 0) {
    const size_t from = text.find_first_not_of(kBlanks);
    if (from == std::string_view::npos) return;
    node.text = Keep(text.substr(from));
  } else {
    node.text.size += Keep(text).size;
  }
}

// Text that an element tears apart is two words.
void XmlTree::AddTextBehind(std::string_view text, Node* node) {
  const std::string_view more = Trimmed(text);
  if (more.empty()) return;
  std::string all(View(node->text));
  if (!all.empty()) all += ' ';
  all += more;
  node->text = Keep(all);
}

size_t XmlTree::open_text_bytes() const { return nodes_[open_].text.size; }

void XmlTree::Close() { open_ = nodes_[open_].parent; }

std::string_view XmlElement::name() const { return tree_->View(tree_->nodes_[index_].name); }

std::string_view XmlElement::text() const {
  tree_->nodes_[index_].read = true;
  return PeekText();
}

std::string_view XmlElement::PeekText() const {
  return Trimmed(tree_->View(tree_->nodes_[index_].text));
}

bool XmlElement::attribute_was_read() const {
  const XmlTree::Node& node = tree_->nodes_[index_];
  for (uint32_t i = 0; i < node.attributes; ++i) {
    if (tree_->attributes_[node.first_attribute + i].read) return true;
  }
  return false;
}

std::string_view XmlElement::Attribute(std::string_view name) const {
  const XmlTree::Node& node = tree_->nodes_[index_];
  for (uint32_t i = 0; i < node.attributes; ++i) {
    const XmlTree::Attribute& attribute = tree_->attributes_[node.first_attribute + i];
    if (tree_->View(attribute.name) != name) continue;
    attribute.read = true;
    return Trimmed(tree_->View(attribute.value));
  }
  return {};
}

XmlElement XmlElement::Child(std::string_view name) const {
  if (!*this) return {};
  for (const XmlElement child : *this) {
    if (child.name() == name) return child;
  }
  return {};
}

std::string_view XmlElement::TextOf(std::string_view child) const {
  const XmlElement found = Child(child);
  return found ? found.text() : std::string_view();
}

XmlElement::Iterator XmlElement::begin() const {
  return {tree_, *this ? tree_->nodes_[index_].first_child : XmlTree::kNone};
}

}  // namespace tillrelay::formats::poslog
