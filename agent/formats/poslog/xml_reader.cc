#include "agent/formats/poslog/xml_reader.h"

#include <expat.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "agent/formats/poslog/decisive_words.h"
#include "common/base/text.h"

namespace tillrelay::formats::poslog {
namespace {

// Few and large: expat looks at an unfinished token again with every piece.
constexpr size_t kPieceBytes = 256 * 1024;
// Stands between name space and local name; no local name can hold it.
constexpr char kSeparator = '\x01';
constexpr char kSeparators[] = {kSeparator, '\0'};
// A node takes some 60 bytes and its names; a receipt's tree stays below this many times its text.
constexpr size_t kTreeFactor = 4;
constexpr size_t kMarkBytes = 16;  // of a text that says true

// What the parser may hold: a tag or a comment that has not ended yet, and every name that differs
// from those before. A document of nothing but new names would take ten times its bytes.
constexpr size_t kParserBytes = 16 * 1024 * 1024;
thread_local size_t parser_bytes = 0;

void* Allocate(size_t size) {
  if (size > kParserBytes - std::min(kParserBytes, parser_bytes)) return nullptr;
  void* block = std::malloc(size);
  parser_bytes += block == nullptr ? 0 : malloc_usable_size(block);
  return block;
}
void Free(void* block) {
  parser_bytes -= block == nullptr ? 0 : malloc_usable_size(block);
  std::free(block);
}
void* Reallocate(void* block, size_t size) {
  const size_t before = block == nullptr ? 0 : malloc_usable_size(block);
  if (size > kParserBytes - std::min(kParserBytes, parser_bytes - before)) return nullptr;
  void* moved = std::realloc(block, size);
  if (moved != nullptr) parser_bytes += malloc_usable_size(moved) - before;
  return moved;
}
constexpr XML_Memory_Handling_Suite kMemory = {&Allocate, &Reallocate, &Free};

// Subtrees that no mapping needs: pictures, signatures, and what belongs to people or to cards.
constexpr std::string_view kPruned[] = {
    "Authorization",       "CRMCustomVariable",      "CreditDebit",    "Customer",
    "CustomerID",          "ElectronicSignature",    "LoyaltyAccount", "LoyaltyMembership",
    "OperatorID",          "PerformanceMetrics",     "ReceiptImage",   "Associate",
    "AgeRestriction",      "OperatorBypassApproval", "TaxDefinitions", "TransactionMeasures",
    "MerchandiseHierarchy"};

// Expat 2.9 has these in 64 bits and warns of the old ones.
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
int64_t ByteIndex(XML_Parser parser) { return XML_GetCurrentByteIndex64(parser); }
uint64_t ByteCount(XML_Parser parser) { return XML_GetCurrentByteCount64(parser); }
#else
int64_t ByteIndex(XML_Parser parser) { return XML_GetCurrentByteIndex(parser); }
uint64_t ByteCount(XML_Parser parser) {
  return static_cast<uint64_t>(XML_GetCurrentByteCount(parser));
}
#endif

bool Pruned(std::string_view name) {
  return std::find(std::begin(kPruned), std::end(kPruned), name) != std::end(kPruned);
}

std::string_view Local(const char* qualified) {
  const std::string_view name(qualified);
  const size_t at = name.rfind(kSeparator);
  return at == std::string_view::npos ? name : name.substr(at + 1);
}

class Reader {
 public:
  Reader(std::string_view bytes, const Limits& limits,
         const std::function<void(const XmlTransaction&)>& sink, XmlOutside* outside)
      : bytes_(bytes), limits_(limits), sink_(sink), outside_(*outside) {}

  std::optional<SyntaxError> Run() {
    parser_.reset(XML_ParserCreate_MM(nullptr, &kMemory, kSeparators));
    if (!parser_) return SyntaxError{0, "out of memory", "send the document again"};
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &OnStart, &OnEnd);
    XML_SetCharacterDataHandler(parser_.get(), &OnText);
    XML_SetStartDoctypeDeclHandler(parser_.get(), &OnDoctype);
    XML_SetStartNamespaceDeclHandler(parser_.get(), &OnNamespace);
    XML_SetParamEntityParsing(parser_.get(), XML_PARAM_ENTITY_PARSING_NEVER);
    for (size_t at = 0;;) {
      const size_t size = std::min(kPieceBytes, bytes_.size() - at);
      const bool last = at + size == bytes_.size();
      if (XML_Parse(parser_.get(), bytes_.data() + at, static_cast<int>(size), last) !=
          XML_STATUS_OK) {
        return Failure();
      }
      if (last) return std::nullopt;
      at += size;
    }
  }

 private:
  static void OnStart(void* self, const char* name, const char** attributes) {
    static_cast<Reader*>(self)->Start(Local(name), attributes);
  }
  static void OnEnd(void* self, const char*) { static_cast<Reader*>(self)->End(); }
  static void OnText(void* self, const char* text, int size) {
    static_cast<Reader*>(self)->Text({text, static_cast<size_t>(size)});
  }
  static void OnDoctype(void* self, const char*, const char*, const char*, int) {
    static_cast<Reader*>(self)->Stop("document type declarations and entities are refused",
                                     "leave the DOCTYPE out");
  }
  static void OnNamespace(void* self, const char*, const char* uri) {
    if (uri != nullptr) static_cast<Reader*>(self)->Namespace(uri);
  }

  void Namespace(std::string_view uri) {
    if (uri.starts_with("http://www.ncr.com/rsd/acs/")) vendors_.ncr_acs = true;
    if (uri.starts_with("http://www.wincor-nixdorf.com")) vendors_.wincor = true;
    if (uri.starts_with("http://www.Retalix.com/")) vendors_.retalix = true;
    if (uri.starts_with("http://www.roqqio.com")) vendors_.roqqio = true;
  }

  // The parser may still call back after it was told to stop.
  void Start(std::string_view name, const char** attributes) {
    if (stopped_) return;
    if (++depth_ > limits_.depth) return Stop("nested too deeply", "send a POSLog document");
    if (depth_ == 1 && !Root(name, attributes)) return;
    if (pruned_from_ > 0) return InPruned(name, attributes);
    if (transaction_depth_ == 0) {
      if (name != "Transaction") return Outside(name, attributes);
      OneMore();
      transaction_depth_ = depth_;
      from_ = Offset();
      too_large_ = {};
      tree_.Clear();
    } else if (Pruned(name)) {
      pruned_from_ = depth_;
      pruned_part_ = name;
      return InPruned(name, attributes);
    }
    if (!too_large_.empty()) return;
    tree_.Open(name);
    for (const char** at = attributes; *at != nullptr; at += 2) {
      if (std::string_view(at[1]).size() > limits_.string_bytes) too_large_ = "an attribute";
      if (too_large_.empty()) tree_.AddAttribute(Local(at[0]), at[1]);
    }
    if (tree_.bytes() > limits_.event_bytes * kTreeFactor) too_large_ = "the transaction";
  }

  // Of what is pruned nothing is kept but that a name which plainly says that nothing happened is
  // told as true.
  void InPruned(std::string_view name, const char** attributes) {
    pruned_leaf_ = name;
    pruned_text_.clear();
    for (const char** at = attributes; *at != nullptr; at += 2) Mark(Local(at[0]), at[1]);
  }
  void Mark(std::string_view name, std::string_view value) {
    if (!too_large_.empty() || value.size() > kMarkBytes) return;
    if (!ReadFlag(Trimmed(value)).value_or(false)) return;
    if (!NothingMoved(BuiltInVocabulary(), name, false)) return;
    tree_.Open(pruned_part_);
    tree_.Open(name);
    tree_.AddText("true");
    tree_.Close();
    tree_.Close();
    if (tree_.bytes() > limits_.event_bytes * kTreeFactor) too_large_ = "the transaction";
  }

  // What is pruned is so here too; a transaction in it is read all the same.
  void Outside(std::string_view name, const char** attributes) {
    if (outside_pruned_from_ == 0 && Pruned(name)) outside_pruned_from_ = depth_;
    if (!KeepsOutside()) return;
    outside_.tree.Open(name);
    for (const char** at = attributes; *at != nullptr; at += 2) {
      const bool fits = std::string_view(at[1]).size() <= limits_.string_bytes;
      if (fits) outside_.tree.AddAttribute(Local(at[0]), at[1]);
      outside_.too_large = outside_.too_large || !fits;
    }
    BoundOutside();
  }
  bool KeepsOutside() const { return outside_pruned_from_ == 0 && !outside_.too_large; }
  void BoundOutside() {
    const size_t limit = limits_.event_bytes * kTreeFactor + bytes_.size() / 8;
    if (outside_.tree.bytes() > limit) outside_.too_large = true;
  }

  // That a transaction stands here, once for those that follow each other.
  void OneMore() {
    XmlTree& tree = outside_.tree;
    if (!KeepsOutside() || tree.open() == XmlTree::kNone || tree.open() == last_wrapper_) return;
    last_wrapper_ = tree.open();
    tree.Open("Transaction");
    tree.Close();
    BoundOutside();
  }

  bool Root(std::string_view name, const char** attributes) {
    if (name != "POSLog" && name != "Transaction") {
      Stop("the root element is <" + Printable(name, 60) + ">, expected <POSLog>",
           "only POSLog documents are understood");
      return false;
    }
    root_from_ = Offset();
    root_to_ = Offset() + Length();
    std::string minor;
    for (const char** at = attributes; *at != nullptr; at += 2) {
      if (Local(at[0]) == "MajorVersion") version_ = Printable(at[1], 8);
      if (Local(at[0]) == "MinorVersion") minor = Printable(at[1], 8);
    }
    if (!version_.empty() && !minor.empty()) version_ += "." + minor;
    return true;
  }

  void Text(std::string_view text) {
    if (stopped_) return;
    if (pruned_from_ > 0) {
      if (pruned_text_.size() <= kMarkBytes) pruned_text_.append(text.substr(0, kMarkBytes + 1));
      return;
    }
    if (transaction_depth_ == 0) return OutsideText(text);
    if (!too_large_.empty()) return;
    tree_.AddText(text);
    if (tree_.open_text_bytes() > limits_.string_bytes) too_large_ = "a text";
    if (tree_.bytes() > limits_.event_bytes * kTreeFactor) too_large_ = "the transaction";
  }

  void OutsideText(std::string_view text) {
    if (!KeepsOutside() || outside_.tree.open() == XmlTree::kNone) return;
    outside_.tree.AddText(text);
    BoundOutside();
  }

  void End() {
    if (stopped_) return;
    if (pruned_from_ > 0 && !pruned_leaf_.empty()) Mark(pruned_leaf_, pruned_text_);
    pruned_leaf_.clear();
    if (pruned_from_ == depth_) {
      pruned_from_ = 0;
    } else if (transaction_depth_ > 0 && pruned_from_ == 0) {
      if (too_large_.empty()) tree_.Close();
      if (depth_ == transaction_depth_) Transaction();
    } else if (transaction_depth_ == 0 && pruned_from_ == 0) {
      if (KeepsOutside()) outside_.tree.Close();
      if (outside_pruned_from_ == depth_) outside_pruned_from_ = 0;
    }
    --depth_;
  }

  void Transaction() {
    transaction_depth_ = 0;
    if (++count_ > limits_.events) {
      return Stop("more than " + std::to_string(limits_.events) + " transactions",
                  "split the file");
    }
    const size_t to = Offset() + Length();
    sink_({tree_, vendors_, version_, too_large_, from_, to, root_from_, root_to_, RootName(),
           outside_.tree.open()});
  }

  // "poslog:POSLog" out of the start tag.
  std::string_view RootName() const {
    if (root_to_ > bytes_.size() || root_from_ + 1 >= root_to_) return {};
    const std::string_view tag = bytes_.substr(root_from_ + 1, root_to_ - root_from_ - 1);
    return tag.substr(0, tag.find_first_of(" \t\r\n/>"));
  }

  // Of what is being told, in the document.
  size_t Offset() const {
    const int64_t at = ByteIndex(parser_.get());
    return at < 0 ? 0 : static_cast<size_t>(at);
  }
  size_t Length() const { return ByteCount(parser_.get()); }

  void Stop(std::string what, std::string hint) {
    if (!stopped_) stopped_ = SyntaxError{Offset(), std::move(what), std::move(hint)};
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  SyntaxError Failure() const {
    if (stopped_) return *stopped_;
    const XML_Error code = XML_GetErrorCode(parser_.get());
    const size_t offset = std::min(Offset(), bytes_.size());
    if (code == XML_ERROR_NO_MEMORY) {
      return {offset, "a tag or comment is too long, or there are too many different names",
              "send a POSLog document"};
    }
    return {offset, XML_ErrorString(code),
            code == XML_ERROR_NO_ELEMENTS || offset == bytes_.size()
                ? "the document ends too early; send it again completely"
                : "the document is not well-formed XML here"};
  }

  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };
  const std::string_view bytes_;
  const Limits& limits_;
  const std::function<void(const XmlTransaction&)>& sink_;
  XmlOutside& outside_;
  uint32_t last_wrapper_ = XmlTree::kNone;
  int outside_pruned_from_ = 0;
  std::unique_ptr<XML_ParserStruct, Free> parser_;
  XmlTree tree_;
  Vendors vendors_;
  std::string version_;
  std::string_view too_large_;
  std::string pruned_part_, pruned_leaf_, pruned_text_;
  std::optional<SyntaxError> stopped_;
  size_t from_ = 0, root_from_ = 0, root_to_ = 0, count_ = 0;
  int depth_ = 0, transaction_depth_ = 0, pruned_from_ = 0;
};

}  // namespace

std::optional<SyntaxError> ReadXml(std::string_view bytes, const Limits& limits,
                                   const std::function<void(const XmlTransaction&)>& sink,
                                   XmlOutside* outside) {
  return Reader(bytes, limits, sink, outside).Run();
}

}  // namespace tillrelay::formats::poslog
