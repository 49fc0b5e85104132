#include "agent/formats/poslog/other_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/formats/poslog/around.h"
#include "agent/formats/poslog/decisive_words.h"
#include "agent/formats/poslog/element_readers.h"
#include "agent/formats/poslog/unread_words.h"
#include "common/base/text.h"
#include "common/event/identity.h"

namespace tillrelay::formats::poslog {
namespace {

bool NamesStore(std::string_view name) {
  return EndsWith(name, {"store", "storeid", "storenumber", "storecode", "branch", "branchid",
                         "warehouse", "warehouseid", "unitid"});
}

bool NamesPlace(std::string_view name) {
  return EndsWith(name, {"location", "locationid", "site", "siteid"});
}

// Of the goods: where they lie, and who hands them over.
bool SpeaksOfGoods(std::string_view name) {
  return Contains(name, {"shipfrom", "fulfil", "source", "suppl", "stock", "inventory", "pickup",
                         "sending", "deliver", "dispatch", "issuing", "fromstore", "fromlocation",
                         "fromsite", "warehouse"});
}

// Of other things, or of an earlier receipt.
bool SpeaksOfOtherThings(std::string_view name) {
  return Contains(name, {"origin", "return", "customer", "operator", "employee", "tax", "home",
                         "loyalty", "card", "tender", "price", "address", "destination", "shipto",
                         "deliverto", "tostore", "tolocation", "tosite"});
}

class Search {
 public:
  Search(std::string_view store_id, const Vocabulary& words) : store_id_(store_id), words_(words) {}

  std::optional<event::Rejection> In(XmlElement line) {
    Below(line, false);
    return std::move(rejection_);
  }

 private:
  void Below(XmlElement element, bool of_goods) {
    element.ForEachAttribute(
        [&](std::string_view name, std::string_view value) { One(name, value, of_goods); });
    for (const XmlElement part : element) {
      const std::string name = Normal(part.name());
      if (PointsAtTransaction(part) || SpeaksOfOtherThings(name)) continue;
      One(part.name(), part.PeekText(), of_goods);
      const bool place = NamesStore(name) || NamesPlace(name);
      Below(part, of_goods || NamesPlace(name) || (SpeaksOfGoods(name) && place));
    }
  }

  void One(std::string_view written, std::string_view value, bool of_goods) {
    const std::string name = Normal(written);
    if (rejection_ || value.empty() || SpeaksOfOtherThings(name)) return;
    const bool goods =
        of_goods || SpeaksOfGoods(name) || NamesPlace(name) || name == "retailstoreid";
    const bool store = NamesStore(name) || (of_goods && name == "id") ||
                       (NamesPlace(name) && Contains(name, {"shipfrom", "fulfil"}));
    // A place within the store has a name, or a number of another length.
    const bool like_a_store =
        NamesPlace(name) && AllDigits(value) && value.size() == store_id_.size();
    if (!goods || !(store || like_a_store)) return;
    if (event::WithoutLeadingZeros(value) == event::WithoutLeadingZeros(store_id_)) return;
    if (words_.IsOwnStore(value)) return;
    rejection_ = event::Rejection{
        "foreign-store", std::string(written),
        fmt::format("the goods of this line are those of \"{}\": whoever hands them over has to "
                    "report them, and this store an order without goods",
                    Printable(value, 40))};
  }

  const std::string_view store_id_;
  const Vocabulary& words_;
  std::optional<event::Rejection> rejection_;
};

}  // namespace

std::optional<event::Rejection> GoodsOfAnotherStore(XmlElement basket, std::string_view store_id,
                                                    const Vocabulary& words) {
  if (store_id.empty()) return std::nullopt;
  Search search(store_id, words);
  for (const XmlElement line : basket) {
    if (line.name() != "LineItem") continue;
    if (auto rejection = search.In(line)) return rejection;
  }
  return std::nullopt;
}

}  // namespace tillrelay::formats::poslog
