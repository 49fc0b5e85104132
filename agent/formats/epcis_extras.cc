#include "agent/formats/epcis_extras.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/formats/csv_unread.h"
#include "agent/formats/csv_values.h"
#include "agent/formats/gs1_names.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/vocabulary.h"
#include "common/base/text.h"

namespace tillrelay::formats {
namespace {

using event::Kind;
using event::Rejection;
using poslog::OneOf;

// Members of the standard that hold parts of their own.
bool IsPart(std::string_view name) {
  return OneOf(name,
               {"readPoint", "bizLocation", "bizTransactionList", "sourceList", "destinationList",
                "quantityList", "ilmd", "persistentDisposition", "sensorElementList", "epcisHeader",
                "epcisBody", "queryResults", "resultsBody"});
}

// Members of the standard that say something, or nothing that counts here, in their own way.
bool IsStandard(std::string_view name) {
  return name.starts_with('@') ||
         OneOf(name, {"type",       "eventID",        "eventTime",      "eventTimeZoneOffset",
                      "recordTime", "bizStep",        "disposition",    "action",
                      "epcList",    "parentID",       "childEPCs",      "certificationInfo",
                      "id",         "epcClass",       "quantity",       "uom",
                      "source",     "bizTransaction", "destination",    "set",
                      "unset",      "schemaVersion",  "creationDate",   "eventList",
                      "queryName",  "subscriptionID", "epcisMasterData"});
}

class Walk {
 public:
  explicit Walk(std::optional<Kind> kind) : kind_(kind) {}

  std::optional<Rejection> Run(JsonValue whole) {
    for (const JsonValue member : whole) Standard(member, false);
    return std::move(rejection_);
  }

 private:
  // A member of a part that the standard knows. Sensors have many names of their own.
  void Standard(JsonValue member, bool sensor) {
    const std::string_view name = member.name();
    const bool prefixed = name.find(':') != std::string_view::npos;
    if (prefixed || (!sensor && !IsPart(name) && !IsStandard(name))) return Foreign(member);
    if (!sensor && !IsPart(name)) return;
    Below(member, sensor || name == "sensorElementList");
  }

  void Below(JsonValue part, bool sensor) {
    if (!part.is_object() && !part.is_array()) return;
    for (const JsonValue below : part) {
      if (part.is_object()) {
        Standard(below, sensor);
      } else {
        Below(below, sensor);
      }
    }
  }

  void Foreign(JsonValue member) {
    const std::string_view name = LastPart(member.name());
    if (OneOf(name, {"errorDeclaration", "correctiveEventIDs", "correctiveEventID"}) &&
        !member.is_null()) {
      return Refuse("unsupported", member.name(),
                    "it takes back an earlier event; send the correction as a void or a return");
    }
    Value(member.name(), member);
  }

  void Value(std::string_view name, JsonValue value) {
    for (const JsonValue below : value) {
      if (value.is_object()) {
        Foreign(below);
      } else {
        Value(name, below);
      }
    }
    const bool text = value.is_string() || value.is_number() || value.is_bool();
    if (!value.is_true() && !(text && Decides(LastPart(name), value.text()))) return;
    Refuse(
        "unknown-word", name,
        fmt::format("it says \"{}\", and nobody has said what that decides; leave it out, or send "
                    "what happened as a canonical document",
                    Printable(value.text(), 60)));
  }

  bool Decides(std::string_view name, std::string_view value) const {
    if (OneOf(poslog::Normal(value), {"true", "yes", "ja", "wahr", "oui", "vrai"})) return true;
    if (OneOf(Heading(name), {"direction", "richtung"}) && kind_ == Kind::kTransferReceived) {
      return false;
    }
    const Unread reported = UnreadColumn(name).Tells(value);
    const bool known = reported == Unread::kCameBack && kind_ == Kind::kReturn;
    return (reported != Unread::kNothing && !known) || WordDecides(name, value);
  }

  // The words of a member that is named like a status or a kind.
  bool WordDecides(std::string_view name, std::string_view value) const {
    const std::string_view decider = DeciderByHeading(name);
    if (decider != "status" && decider != "kind") return false;
    const bool status = decider == "status";
    const std::string_view meaning =
        CsvMeaning(status ? DecidingColumn::kStatus : DecidingColumn::kKind, value);
    if (OneOf(meaning, {"cancelled", "suspended", "training"})) return true;
    if (kind_ && *kind_ != Kind::kSale && *kind_ != Kind::kReturn) return false;
    if (kind_ == Kind::kReturn && meaning == "return") return false;
    if (!meaning.empty()) return !OneOf(meaning, {"completed", "sale", "no_goods"});
    return IsDecisiveCode(value) || DecidingWordsTell(value) ||
           (kind_ && status && !CouldMeanOthers(name));
  }

  void Refuse(const char* reason, std::string_view name, std::string hint) {
    if (!rejection_) rejection_ = Rejection{reason, Printable(name, 60), std::move(hint)};
  }

  const std::optional<Kind> kind_;  // nothing of a whole document
  std::optional<Rejection> rejection_;
};

// Events beside those that are read, or a document of another kind.
std::optional<Rejection> OtherEvents(JsonValue root) {
  const std::string_view type = root.String("type");
  if (!type.empty() && type != "EPCISDocument" && type != "EPCISQueryDocument") {
    return Rejection{"unsupported", "type",
                     fmt::format("{} is no document of events", Printable(type, 60))};
  }
  const JsonValue body = root.Find("epcisBody");
  const JsonValue results = body.Find("queryResults");
  for (const JsonValue holder : {root, body, results, results.Find("resultsBody")}) {
    for (const JsonValue member : holder) {
      const std::string_view name = LastPart(member.name());
      const bool read = member.name() == "eventList" &&
                        (results ? holder.text().data() == results.Find("resultsBody").text().data()
                                 : holder.text().data() == body.text().data());
      const bool events = name == "eventList" || name == "event" || name == "events" ||
                          name == "@graph" || name == "@included";
      if (read || !events || member.size() == 0) continue;
      return Rejection{"unsupported", Printable(member.name(), 60),
                       "events stand there beside those that would be read"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Rejection> ForbiddenByExtras(JsonValue event, Kind kind) {
  return Walk(kind).Run(event);
}

std::optional<Rejection> ForbiddenByFrame(JsonValue document) {
  if (auto rejection = OtherEvents(document)) return rejection;
  return Walk(std::nullopt).Run(document);
}

}  // namespace tillrelay::formats
