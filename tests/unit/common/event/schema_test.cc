// The JSON Schema of canonical documents, made from the one table of members (fields.h), so that
// what is published and what is read cannot part. TILLRELAY_WRITE_GOLDEN=1 writes docs/schema/.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "common/event/bounds.h"
#include "common/event/fields.h"

namespace tillrelay::event {
namespace {

// Definitions by name, in the order in which they are met.
struct Definitions {
  std::vector<std::pair<std::string, std::string>> parts;
  bool Has(const std::string& name) const {
    for (const auto& [known, text] : parts) {
      if (known == name) return true;
    }
    return false;
  }
};

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string OneOf(Words words) {
  std::string text;
  for (const auto word : words) text += Quoted(word) + ", ";
  return R"({"enum": [)" + text + "null]}";
}

// Control characters (common/event/bounds.h) are in none of them.
constexpr const char* kPlain = R"("pattern": "^[^\u0000-\u001f\u007f-\u009f]*$")";
const std::string kId =
    std::string(R"({"type": ["string", "number", "null"], "maxLength": 128, )") + kPlain + "}";
constexpr const char* kQuantity =
    R"({"type": ["string", "number", "null"], "pattern": "^-?[0-9]{1,10}(\\.[0-9]+)?$", )"
    R"("minimum": -1000000000, "maximum": 1000000000})";
// 1990 to 2199; as a time with an offset that is not the store's it may still lie outside.
constexpr const char* kYears = "(19(89|9[0-9])|2([01][0-9]{2}|200))";
constexpr const char* kNumber =
    R"({"type": ["string", "number", "null"], "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})";

template <class T>
void Define(const char* name, Definitions* all);

class Collector {
 public:
  explicit Collector(Definitions* all) : all_(*all) {}

  void Id(const char* name, std::string&) { Add(name, kId); }
  void Text(const char* name, std::string&) {
    Add(name, R"({"type": ["string", "number", "null"], "maxLength": 2000})");
  }
  // With GS1's separator, which is a control character.
  void Scan(const char* name, std::string&) {
    Add(name, R"({"type": ["string", "number", "null"], "maxLength": 128})");
  }
  void Word(const char* name, std::string&, Words words) { Add(name, OneOf(words)); }
  void Time(const char* name, std::string&) {
    Add(name, R"({"type": ["string", "null"], "maxLength": 128, "pattern": "^)" +
                  std::string(kYears) + R"(-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}"})");
  }
  void Day(const char* name, std::string&) {
    Add(name, R"({"type": ["string", "null"], "pattern": )"
              R"("^(199[0-9]|2[01][0-9]{2})-[0-9]{2}-[0-9]{2}$"})");
  }
  void Number(const char* name, std::optional<Decimal>&) {
    Add(name, IsQuantity(name) ? kQuantity : kNumber);
  }
  void Integer(const char* name, std::optional<int64_t>&) {
    Add(name, R"({"type": ["integer", "string", "null"], "pattern": "^-?[0-9]{1,16}$", )"
              R"("minimum": -9007199254740991, "maximum": 9007199254740991})");
  }
  void Flag(const char* name, std::optional<bool>&) {
    Add(name, R"({"type": ["boolean", "null"]})");
  }
  void Ids(const char* name, std::vector<std::string>&) {
    Add(name, R"({"type": ["array", "null"], "maxItems": )" + std::to_string(kMaxSerials) +
                  R"(, "items": {"type": "string", "maxLength": 128, )" + std::string(kPlain) +
                  "}}");
  }
  void Counts(const char* name, std::vector<std::pair<std::string, int64_t>>&) {
    Add(name, R"({"type": ["object", "null"], "maxProperties": 64, )"
              R"("propertyNames": {"maxLength": 128}, )"
              R"("additionalProperties": {"type": ["integer", "string"]}})");
  }
  void Sums(const char* name, std::vector<std::pair<std::string, Decimal>>&) {
    Add(name, std::string(R"({"type": ["object", "null"], "maxProperties": 64, )") +
                  R"("additionalProperties": )" + kNumber + "}");
  }
  void Extension(const char* name, std::vector<std::pair<std::string, std::string>>&) {
    Add(name, R"({"type": ["object", "null"], "maxProperties": 20, )"
              R"("propertyNames": {"pattern": "^[A-Za-z0-9._-]{1,32}$"}, )"
              R"("additionalProperties": {"type": "string", "maxLength": 256}})");
  }
  template <class T>
  void Object(const char* name, T&) {
    Define<T>(name, &all_);
    Add(name, R"({"anyOf": [{"$ref": "#/definitions/)" + std::string(Named(name)) +
                  R"("}, {"type": "null"}]})");
  }
  template <class T>
  void Object(const char* name, std::optional<T>&) {
    T part;
    Object(name, part);
  }
  template <class T>
  void List(const char* name, std::vector<T>&) {
    Define<T>(name, &all_);
    Add(name, R"({"type": ["array", "null"], "maxItems": )" + std::to_string(kMaxParts) +
                  R"(, "items": {"$ref": "#/definitions/)" + std::string(Named(name)) + R"("}})");
  }
  const std::string& members() const { return members_; }
  // Two members may hold the same part.
  static std::string_view Named(std::string_view name) {
    return name == "voids" ? "original" : name;
  }

 private:
  void Add(const char* name, const std::string& schema) {
    members_ +=
        (members_.empty() ? "" : ",\n") + std::string("        ") + Quoted(name) + ": " + schema;
  }
  Definitions& all_;
  std::string members_;
};

template <class T>
void Define(const char* member, Definitions* all) {
  const std::string name(Collector::Named(member));
  if (all->Has(name)) return;
  T part;
  Collector collector(all);
  Fields(collector, part);
  all->parts.emplace_back(name, collector.members());
}

// What DraftFrom asks for, by kind.
struct Required {
  Kind kind;
  const char* part;
  std::vector<const char*> members;
  bool lines;
};
const std::vector<Required>& Rules() {
  static const std::vector<const char*> transaction = {"store_id", "register_id", "business_day",
                                                       "transaction_no", "end_at"};
  static const std::vector<Required> rules = {
      {Kind::kSale, "transaction", transaction, true},
      {Kind::kReturn, "transaction", transaction, true},
      {Kind::kExchange, "transaction", transaction, true},
      {Kind::kTransactionVoided, "transaction", transaction, true},
      {Kind::kTransferShipped,
       "transfer",
       {"transfer_id", "from_store_id", "to_store_id", "business_day", "shipped_at"},
       true},
      {Kind::kTransferReceived,
       "transfer",
       {"transfer_id", "receipt_id", "from_store_id", "to_store_id", "business_day", "received_at"},
       true},
      {Kind::kTransferVoided,
       "transfer",
       {"transfer_id", "from_store_id", "to_store_id", "business_day"},
       true},
      {Kind::kStockAdjusted,
       "adjustment",
       {"adjustment_id", "store_id", "business_day", "adjusted_at", "reason"},
       true},
      {Kind::kStockCounted, "count", {"count_id", "store_id", "business_day", "as_of"}, true},
      {Kind::kRegisterControl, "transaction", transaction, false},
      {Kind::kDayClosed,
       "close",
       {"store_id", "register_id", "business_day", "z_no", "closed_at"},
       false}};
  return rules;
}

std::string RuleText(const Required& rule) {
  std::string members;
  for (const char* member : rule.members) members += (members.empty() ? "" : ", ") + Quoted(member);
  std::string text = R"(    {"if": {"properties": {"kind": {"const": )" +
                     Quoted(KindWord(rule.kind)) + R"(}}, "required": ["kind"]},)" + "\n" +
                     R"(     "then": {"required": [)" + Quoted(rule.part) +
                     (rule.lines ? R"(, "lines"])" : "]") + R"(, "properties": {)" +
                     Quoted(rule.part) + R"(: {"required": [)" + members + "]}";
  if (rule.lines) {
    const char* number = rule.kind == Kind::kStockCounted ? "counted" : "quantity";
    const char* action = rule.kind == Kind::kExchange ? R"(, "action")" : "";
    text += R"(, "lines": {"minItems": 1, "items": {"required": ["item", "uom", )" +
            Quoted(number) + action + "]}}";
  }
  return text + "}}}";
}

std::string Schema() {
  Definitions all;
  Event event;
  Collector root(&all);
  Fields(root, event);
  std::string kinds;
  for (const Required& rule : Rules()) {
    kinds += (kinds.empty() ? "" : ", ") + Quoted(KindWord(rule.kind));
  }
  std::string text =
      "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
      "  \"$id\": \"https://tillrelay.org/schemas/canonical/1.json\",\n"
      "  \"title\": \"Canonical document\",\n  \"type\": \"object\",\n"
      "  \"required\": [\"kind\"],\n  \"additionalProperties\": false,\n  \"properties\": {\n"
      "        \"kind\": {\"enum\": [" +
      kinds +
      "]},\n"
      "        \"agent_control\": {},\n        \"result\": {},\n" +
      root.members() + "\n  },\n  \"allOf\": [\n";
  for (size_t i = 0; i < Rules().size(); ++i) {
    text += RuleText(Rules()[i]) + (i + 1 < Rules().size() ? ",\n" : "\n");
  }
  text += "  ],\n  \"definitions\": {\n";
  for (size_t i = 0; i < all.parts.size(); ++i) {
    text += "    " + Quoted(all.parts[i].first) +
            ": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\n" +
            all.parts[i].second + "}}" + (i + 1 < all.parts.size() ? ",\n" : "\n");
  }
  return text + "  }\n}\n";
}

TEST(Schema, PublishedOneIsWhatTheTableOfMembersSays) {
  const std::string path = TILLRELAY_TEST_DATA "/../../docs/schema/canonical.json";
  if (std::getenv("TILLRELAY_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << Schema();
    return;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string published{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(published, Schema());
}

TEST(Schema, EveryKindOfASenderHasItsRule) {
  EXPECT_EQ(static_cast<size_t>(kKindCount) - 2, Rules().size()) << "all but the agent's own two";
}

}  // namespace
}  // namespace tillrelay::event
