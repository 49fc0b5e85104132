#include "agent/formats/epcis_context.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/formats/epcis_words.h"
#include "agent/formats/gs1_names.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/base/text.h"

namespace tillrelay::formats {
namespace {

using event::Rejection;
using poslog::OneOf;

constexpr int kMaxPrefixes = 4;  // that stand for one another

// Members that are read.
constexpr std::string_view kMembers[] = {"action",
                                         "bizLocation",
                                         "bizStep",
                                         "bizTransaction",
                                         "bizTransactionList",
                                         "childEPCs",
                                         "childQuantityList",
                                         "destination",
                                         "destinationList",
                                         "disposition",
                                         "epcClass",
                                         "epcList",
                                         "epcisBody",
                                         "errorDeclaration",
                                         "eventID",
                                         "eventList",
                                         "eventTime",
                                         "eventTimeZoneOffset",
                                         "id",
                                         "persistentDisposition",
                                         "quantity",
                                         "quantityList",
                                         "queryResults",
                                         "readPoint",
                                         "resultsBody",
                                         "set",
                                         "source",
                                         "sourceList",
                                         "type",
                                         "unset",
                                         "uom"};
bool IsMember(std::string_view name) {
  return std::find(std::begin(kMembers), std::end(kMembers), name) != std::end(kMembers);
}
// "bizStep" of "BizStep" and "biz_step"; "" of what is written as it should be, or is another name.
std::string_view Misspelt(std::string_view name) {
  if (IsMember(name) || name.find(':') != std::string_view::npos) return {};
  const std::string plain = poslog::Normal(name);
  for (const std::string_view member : kMembers) {
    if (poslog::Normal(member) == plain) return member;
  }
  return {};
}

// Members that are an object or a list, where they are at all.
std::optional<Rejection> WrongShape(JsonValue event) {
  for (const char* name : {"readPoint", "bizLocation", "persistentDisposition"}) {
    const JsonValue part = event.Find(name);
    if (part && !part.is_object() && !part.is_null()) {
      return Rejection{"bad-value", name, "expected an object"};
    }
  }
  for (const char* name : {"epcList", "quantityList", "bizTransactionList"}) {
    const JsonValue list = event.Find(name);
    if (list && !list.is_array() && !list.is_null()) {
      return Rejection{"bad-value", name, "expected a list"};
    }
  }
  for (const JsonValue entry : event.Find("quantityList")) {
    for (const JsonValue member : entry) {
      const std::string_view name = member.name();
      if (IsMember(name) || name.find(':') != std::string_view::npos) continue;
      return Rejection{"unknown-field", "quantityList." + Printable(name, 60),
                       "an entry has epcClass, quantity and uom; names of your own bear a prefix"};
    }
  }
  return std::nullopt;
}

// Words that they are told in.
bool IsWord(std::string_view name) {
  if (OneOf(name,
            {"ObjectEvent", "TransactionEvent", "ADD", "OBSERVE", "DELETE", "inv", "desadv", "bol",
             "po", "recadv", "rma", "receipt", "EPCISDocument", "EPCISQueryDocument"})) {
    return true;
  }
  const auto rules = EpcisRules();
  return !name.empty() && std::any_of(rules.begin(), rules.end(), [name](const EpcisRule& rule) {
    return rule.step == name || rule.disposition == name;
  });
}

// "action" of "https://ref.gs1.org/epcis/action"; "" of what is none of the standard's.
std::string_view OfStandard(std::string_view resolved) {
  for (const std::string_view start :
       {"https://ref.gs1.org/epcis/", "http://ref.gs1.org/epcis/", "https://gs1.github.io/EPCIS/",
        "https://ns.gs1.org/epcis/", "urn:epcglobal:epcis:", "urn:epcglobal:epcis:xsd:2:"}) {
    if (resolved.starts_with(start)) return resolved.substr(start.size());
  }
  return {};
}
bool IsVocabulary(std::string_view resolved) {
  return !OfStandard(resolved).empty() || resolved.starts_with("https://ref.gs1.org/cbv/") ||
         resolved.starts_with("urn:epcglobal:cbv:");
}

// What a term stands for, told as a text or as its @id.
std::string_view MeantBy(JsonValue term) {
  return term.is_string() ? term.text() : term.String("@id");
}

bool IsOwnUrl(std::string_view url) {
  return url.find("epcis-context.jsonld") != std::string_view::npos ||
         url.starts_with("https://ref.gs1.org/") || url.starts_with("https://gs1.github.io/EPCIS");
}

Rejection Renamed(std::string_view name) {
  return {
      "unsupported", "@context",
      fmt::format("it gives \"{}\" a meaning of its own, by which nothing is read here; send the "
                  "standard's names",
                  Printable(name, 60))};
}

}  // namespace

std::string EpcisContext::Resolved(std::string_view name) const {
  std::string resolved(name);
  for (int i = 0; i < kMaxPrefixes; ++i) {
    const size_t colon = resolved.find(':');
    const auto prefix = prefixes_.find(std::string_view(resolved).substr(0, colon));
    if (colon == std::string::npos || prefix == prefixes_.end()) break;
    resolved = prefix->second + resolved.substr(colon + 1);
  }
  return resolved;
}

std::optional<Rejection> EpcisContext::Add(JsonValue holder) {
  const JsonValue context = holder.Find("@context");
  if (!context) return std::nullopt;
  bool own = false;
  std::string_view foreign;
  const auto one = [&](JsonValue entry) -> std::optional<Rejection> {
    const std::string_view vocabulary = entry.String("@vocab");
    if (!vocabulary.empty() && OfStandard(Resolved(vocabulary) + "x").empty()) foreign = vocabulary;
    if (!entry.is_string()) return Entry(entry);
    const std::string_view url = entry.text();
    own = own || IsOwnUrl(url);
    if (!IsOwnUrl(url) && url.find("://") != std::string_view::npos) foreign = url;
    return std::nullopt;
  };
  if (!context.is_array()) {
    if (auto rejection = one(context)) return rejection;
  } else {
    for (const JsonValue entry : context) {
      if (auto rejection = one(entry)) return rejection;
    }
  }
  // Beside the standard's context, which is protected, another one cannot rename its names.
  const bool whole = holder.Find("epcisBody") || !holder.Find("eventTime");
  if (foreign.empty() || own || !whole) return std::nullopt;
  return Rejection{
      "unsupported", "@context",
      fmt::format("\"{}\" is not the standard's, and what its names mean is not known; "
                  "name the standard's as well",
                  Printable(foreign, 60))};
}

std::optional<Rejection> EpcisContext::Entry(JsonValue entry) {
  if (!entry.is_object()) return std::nullopt;
  // Prefixes first, as terms may use them in any order.
  for (const JsonValue term : entry) {
    const std::string_view meant = MeantBy(term);
    const bool is_prefix =
        !meant.empty() && (meant.ends_with('/') || meant.ends_with('#') || meant.ends_with(':') ||
                           meant.ends_with('-') || term.Find("@prefix").is_true());
    const std::string name(term.name());
    if (OneOf(name, {"epcis", "cbv"}) && Resolved(meant) != prefixes_.at(name))
      return Renamed(name);
    if (is_prefix || (!IsMember(name) && !IsWord(name) && meant.find("://") != meant.npos)) {
      prefixes_[name] = meant;
    }
  }
  for (const JsonValue term : entry) {
    if (auto rejection = Term(term)) return rejection;
  }
  return std::nullopt;
}

std::optional<Rejection> EpcisContext::Term(JsonValue term) {
  const std::string_view name = term.name();
  const std::string_view meant = MeantBy(term);
  if (OneOf(name, {"@import", "@propagate"})) return Renamed(name);
  if (name.starts_with('@') || OneOf(name, {"epcis", "cbv"})) return std::nullopt;
  const std::string resolved = Resolved(meant);
  if (IsMember(name) || IsWord(name)) {
    const bool same = meant == "@" + std::string(name) || OfStandard(resolved) == name ||
                      (IsVocabulary(resolved) && resolved.ends_with("-" + std::string(name)));
    return same ? std::nullopt : std::optional(Renamed(name));
  }
  // Another name for one of the standard's.
  const bool alias =
      IsMember(OfStandard(resolved)) || meant.starts_with('@') ||
      (IsVocabulary(resolved) && OfStandard(resolved).empty() && !resolved.ends_with('/') &&
       !resolved.ends_with('-') && !resolved.ends_with(':'));
  return alias ? std::optional(Renamed(name)) : std::nullopt;
}

std::optional<Rejection> EpcisContext::Contradiction(JsonValue event) const {
  const std::string_view type = event.String("@type");
  if (!type.empty() && type != event.String("type")) {
    return Rejection{"unsupported", "@type", "it contradicts the event's type"};
  }
  for (const JsonValue member : event) {
    const std::string_view name = member.name();
    const std::string_view local = LastPart(name);
    if (OneOf(name, {"@graph", "@included", "@reverse", "@nest"}) && member.size() > 0) {
      return Rejection{"unsupported", std::string(name), "what it holds would not be read"};
    }
    const bool decides = OneOf(local, {"action", "bizStep", "disposition", "persistentDisposition",
                                       "epcList", "quantityList", "childEPCs"});
    if (local == name || !decides) continue;
    const JsonValue own = event.Find(local);
    if (own && own.text() == member.text()) continue;
    return Rejection{
        "unknown-word", Printable(name, 60),
        fmt::format("it is called {0}, and says another thing than the event's own {0}", local)};
  }
  if (auto rejection = WrongShape(event)) return rejection;
  return Below(event, false);
}

std::optional<Rejection> EpcisContext::Below(JsonValue part, bool foreign) const {
  for (const JsonValue member : part) {
    const std::string_view name = part.is_object() ? member.name() : std::string_view();
    if (name == "@context" || name == "sensorElementList") continue;
    if (name.find(':') != std::string_view::npos && IsMember(OfStandard(Resolved(name)))) {
      return Rejection{"unsupported", Printable(name, 60), "write it without a prefix"};
    }
    if (const std::string_view meant = foreign ? std::string_view() : Misspelt(name);
        !meant.empty()) {
      return Rejection{"unknown-field", Printable(name, 60),
                       fmt::format("did you mean {}?", meant)};
    }
    if (!member.is_object() && !member.is_array()) continue;
    const bool own = foreign || name == "ilmd" || name.find(':') != std::string_view::npos;
    if (auto rejection = Below(member, own)) return rejection;
  }
  return std::nullopt;
}

}  // namespace tillrelay::formats
