// What: a small tree of one XML element and what is in it, by local names.
// Promise: names are matched without their namespace; text is that of the element itself; where an
//   element tears it apart, a blank stands for it.
//   What was asked for by name, or as text, is marked as read.
// Thread: one; elements are views into their tree, valid until it is cleared or grows.
// Limits: whoever fills the tree asks bytes() and stops in time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tillrelay::formats::poslog {

class XmlElement;

class XmlTree {
 public:
  void Clear();
  bool empty() const { return nodes_.empty(); }
  // Memory that the text and the nodes take.
  size_t bytes() const;
  XmlElement root() const;
  // The element of this number; an empty one for kNone.
  XmlElement at(uint32_t index) const;
  static constexpr uint32_t kNone = UINT32_MAX;

  // Building, in document order.
  void Open(std::string_view name);
  void AddAttribute(std::string_view name, std::string_view value);  // of the element just opened
  void AddText(std::string_view text);
  // Bytes of text that the open element has so far.
  size_t open_text_bytes() const;
  void Close();
  // The number of the element that is open; kNone if there is none.
  uint32_t open() const { return open_; }

 private:
  friend class XmlElement;
  struct Slice {
    uint32_t from = 0, size = 0;
  };
  struct Node {
    Slice name, text;
    uint32_t first_attribute = 0, attributes = 0;
    uint32_t first_child = kNone, last_child = kNone, next = kNone, parent = kNone;
    mutable bool read = false;
  };
  struct Attribute {
    Slice name, value;
    mutable bool read = false;
  };
  Slice Keep(std::string_view text);
  void AddTextBehind(std::string_view text, Node* node);
  std::string_view View(Slice slice) const {
    return std::string_view(pool_).substr(slice.from, slice.size);
  }

  std::string pool_;
  std::vector<Node> nodes_;
  std::vector<Attribute> attributes_;
  uint32_t open_ = kNone;
};

// Without blanks around it.
std::string_view Trimmed(std::string_view text);

class XmlElement {
 public:
  XmlElement() = default;
  XmlElement(const XmlTree* tree, uint32_t index) : tree_(tree), index_(index) {}

  explicit operator bool() const { return index_ != XmlTree::kNone; }
  std::string_view name() const;
  // Without blanks around it. From now on it counts as read.
  std::string_view text() const;
  // The same for whoever looks for words that would forbid to pass it over.
  std::string_view PeekText() const;
  std::string_view Attribute(std::string_view name) const;
  bool was_read() const { return tree_->nodes_[index_].read; }
  bool attribute_was_read() const;
  // All of them, by local name; two makers' prefixes may give one name twice.
  template <class F>
  void ForEachAttribute(const F& each) const {
    const XmlTree::Node& node = tree_->nodes_[index_];
    for (uint32_t i = 0; i < node.attributes; ++i) {
      const XmlTree::Attribute& attribute = tree_->attributes_[node.first_attribute + i];
      each(tree_->View(attribute.name), Trimmed(tree_->View(attribute.value)));
    }
  }
  template <class F>
  void ForEachUnreadAttribute(const F& each) const {
    const XmlTree::Node& node = tree_->nodes_[index_];
    for (uint32_t i = 0; i < node.attributes; ++i) {
      const XmlTree::Attribute& attribute = tree_->attributes_[node.first_attribute + i];
      if (!attribute.read) each(tree_->View(attribute.name));
    }
  }
  // The first child of that name; an empty element if there is none.
  XmlElement Child(std::string_view name) const;
  XmlElement parent() const { return {tree_, tree_->nodes_[index_].parent}; }
  uint32_t index() const { return index_; }
  // The text of that child, or "".
  std::string_view TextOf(std::string_view child) const;

  class Iterator {
   public:
    Iterator(const XmlTree* tree, uint32_t index) : tree_(tree), index_(index) {}
    XmlElement operator*() const { return {tree_, index_}; }
    Iterator& operator++() {
      index_ = tree_->nodes_[index_].next;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const XmlTree* tree_;
    uint32_t index_;
  };
  // Children, in document order.
  Iterator begin() const;
  Iterator end() const { return {tree_, XmlTree::kNone}; }

 private:
  const XmlTree* tree_ = nullptr;
  uint32_t index_ = XmlTree::kNone;
};

// What stands in a document beside and around its transactions: of those the name alone.
struct XmlOutside {
  XmlTree tree;
  bool too_large = false;  // the tree is incomplete
};

}  // namespace tillrelay::formats::poslog
