#include "common/language/language.h"

#include <gtest/gtest.h>

#include "common/language/retell.h"
#include "common/language/text.h"

namespace tillrelay::strings {
namespace {

// As the agent has them.
constexpr Plural kEvents{"{} event", "{} events"};
constexpr Plural kDaysAgo{"{} day ago", "{} days ago"};
constexpr Plural kRest{"{1}: valid for {0} more day", "{1}: valid for {0} more days"};
constexpr Text kDiscard = "Discard";
constexpr Text kTicketNo = "Ticket {}";
constexpr Text kUnknown = "{} that no catalogue knows";

const Language& German() { return *FindLanguage("de"); }

TEST(Language, WithoutAReaderEverythingIsEnglish) {
  EXPECT_EQ(std::string_view(kDiscard), "Discard");
  EXPECT_EQ(Say(kTicketNo, 17), "Ticket 17");
  EXPECT_EQ(Count(kEvents, 1234), "1,234 events");
  EXPECT_EQ(Amount("1234.50"), "1234.50");
  EXPECT_EQ(Dated("2026-11-30 14:02"), "2026-11-30 14:02");
  EXPECT_EQ(Retold("Ticket 17"), "Ticket 17");
}

TEST(Language, IsSpokenInItsScopeOnly) {
  {
    const Speaking german(German());
    EXPECT_EQ(std::string_view(kDiscard), "Verwerfen");
    {
      const Speaking english(English());
      EXPECT_EQ(Say(kTicketNo, 17), "Ticket 17");
    }
    EXPECT_EQ(Say(kTicketNo, 17), "Fall 17");
    EXPECT_EQ(Say(kUnknown, 17), "17 that no catalogue knows");
  }
  EXPECT_EQ(std::string_view(kDiscard), "Discard");
}

TEST(Language, PluralsAreRightInBoth) {
  EXPECT_EQ(Count(kEvents, 0), "0 events");
  EXPECT_EQ(Count(kEvents, 1), "1 event");
  EXPECT_EQ(Count(kRest, 1, "ca"), "ca: valid for 1 more day");
  const Speaking german(German());
  EXPECT_EQ(Count(kEvents, 0), "0 Ereignisse");
  EXPECT_EQ(Count(kEvents, 1), "1 Ereignis");
  EXPECT_EQ(Count(kEvents, 1412), "1.412 Ereignisse");
  EXPECT_EQ(Count(kDaysAgo, 1), "vor 1 Tag");
  EXPECT_EQ(Count(kDaysAgo, 3), "vor 3 Tagen");
  EXPECT_EQ(Count(kRest, 2, "ca"), "ca: noch 2 Tage gültig");
}

TEST(Language, NumbersAndDaysAreWrittenAsPeopleDo) {
  const Speaking german(German());
  const std::pair<std::string_view, std::string_view> amounts[] = {
      {"0", "0"},
      {"1234.50", "1.234,50"},
      {"-1234567.5", "-1.234.567,5"},
      {"-0.010", "-0,010"},
      {"", ""},
      {"1,5", "1,5"},
      {"12.50 EUR", "12,50 EUR"},
      {"5.00 EUR, -12345.678 KWD", "5,00 EUR, -12.345,678 KWD"},
      {"12.345 KWD, x", "12,345 KWD, x"},
      {"004711/3", "004711/3"},
      {"1.2.3", "1.2.3"},
      {"-", "-"}};
  for (const auto& [text, shown] : amounts) EXPECT_EQ(Amount(text), shown);
  EXPECT_EQ(Fraction("8.1"), "8,1");
  EXPECT_EQ(Number(48201), "48.201");
  EXPECT_EQ(Dated("2026-11-30"), "30.11.2026");
  EXPECT_EQ(Dated("2026-11-30 14:02:07Z"), "30.11.2026 14:02:07Z");
  for (const char* other : {"", "2026-11", "2026-11-3x", "2026-11-30/3", "vor 3 Tagen"}) {
    EXPECT_EQ(Dated(other), other);
  }
}

TEST(Language, AReadersOwnChoiceComesFirst) {
  const struct {
    const char *chosen, *configured, *accepted, *expected;
  } rows[] = {
      {"", "auto", "", "en"},
      {"", "auto", "de", "de"},
      {"", "auto", "de-AT,de;q=0.9,en;q=0.8", "de"},
      {"", "auto", "fr, en;q=0.7, de;q=0.9", "de"},
      {"", "auto", "en;q=0.9, de;q=0.9", "en"},  // the first of equals
      {"", "auto", "DE", "de"},
      {"", "auto", "fr-FR, *;q=0.5", "en"},
      {"", "auto", "de;q=0, en;q=0.1", "en"},
      {"", "auto", "de;q=x", "en"},
      {"", "auto", "de ; q=1.0 , en;q=0.999", "de"},
      {"", "auto", ";;,,=,q=1", "en"},
      {"", "en", "de", "en"},
      {"", "de", "en", "de"},
      {"en", "de", "de", "en"},
      {"de", "en", "en", "de"},
      {"xx", "en", "de", "en"},  // not known: no choice
      {"../", "auto", "de", "de"},
      {"", "xx", "de", "de"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ChooseLanguage({row.chosen, row.configured, row.accepted}).code, row.expected)
        << row.chosen << " | " << row.configured << " | " << row.accepted;
  }
}

TEST(Language, WhatWasStoredInEnglishIsRetold) {
  const Speaking german(German());
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"Register 3 has missing numbers", "Bei Kasse 3 fehlen Nummern"},
      {"day 2026-11-21 was closed without 4711-4713",
       "Tag 21.11.2026 wurde ohne 4711-4713 abgeschlossen"},
      {"1 document in quarantine", "1 Beleg in Quarantäne"},
      {"1,234 documents in quarantine", "1.234 Belege in Quarantäne"},
      {"A certificate expires in 3 days", "Ein Zertifikat läuft ab: noch 3 Tage"},
      {"The broker does not take connections (Connection refused). Trying now.",
       "Der Broker nimmt keine Verbindung an (Connection refused). Der nächste Versuch läuft."},
      {"its Z report of day 2026-11-21 differs from what came here: it reports 1234.50, 0.00 came",
       "ihr Z-Bericht vom 21.11.2026 weicht von dem ab, was hier ankam: gemeldet 1.234,50, "
       "angekommen 0,00"},
      {"3 events delivered, nothing waiting. 3 documents in quarantine.",
       "3 Ereignisse zugestellt, nichts wartet. 3 Belege in Quarantäne."},
      {"2 events delivered, nothing waiting. Register 3 has missing numbers.",
       "2 Ereignisse zugestellt, nichts wartet. Bei Kasse 3 fehlen Nummern."},
      {"words of another program. 1 document in quarantine. More of them.",
       "words of another program. 1 Beleg in Quarantäne. More of them."},
      {"words of another program", "words of another program"},
      {"{} {0} {", "{} {0} {"},
      {"", ""}};
  for (const auto& [stored, told] : rows) EXPECT_EQ(Retold(stored), told);
  const std::string hostile = "File " + std::string(5000, '{') + " was rejected";
  EXPECT_EQ(Retold(hostile), hostile);
}

// Whatever sentence stands before or behind another one, both are told as if they stood alone.
TEST(Language, NoSentenceSwallowsTheNextOne) {
  const Speaking german(German());
  const std::string next = "Next try in 7 s.", first = "Nothing waits.";
  size_t sentences = 0;
  for (const auto& [english, told] : German().texts) {
    if (!english.ends_with('.') || english.find("{0") != std::string::npos) continue;
    std::string text = english;
    for (size_t at = 0; (at = text.find("{}", at)) != std::string::npos;) {
      text.replace(at, 2, "since 23:58");
    }
    EXPECT_EQ(Retold(text + " " + next), Retold(text) + " " + Retold(next)) << english;
    EXPECT_EQ(Retold(first + " " + text), Retold(first) + " " + Retold(text)) << english;
    EXPECT_NE(Retold(text), text) << told;
    ++sentences;
  }
  EXPECT_GT(sentences, 100u);
}

TEST(Language, AThirdOneIsOneFile) {
  const Language polish = ReadCatalogue({"pl",
                                         "# A comment\n"
                                         "msgid \"\"\n"
                                         "msgstr \"\"\n"
                                         "\"X-Name: Polski\\n\"\n"
                                         "\"X-Day: DD.MM.YYYY\\n\"\n"
                                         "\"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 "
                                         "&& n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n\"\n"
                                         "\n"
                                         "#. kDiscard\n"
                                         "msgid \"Discard\"\n"
                                         "msgstr \"Od\"\n"
                                         "\"rzuć \\\"to\\\"\"\n"
                                         "\n"
                                         "msgid \"Not yet\"\n"
                                         "msgstr \"\"\n"
                                         "\n"
                                         "msgid \"{} event\"\n"
                                         "msgid_plural \"{} events\"\n"
                                         "msgstr[0] \"{} zdarzenie\"\n"
                                         "msgstr[1] \"{} zdarzenia\"\n"
                                         "msgstr[2] \"{} zdarzeń\"\n"});
  EXPECT_EQ(polish.name, "Polski");
  const Speaking speaking(polish);
  EXPECT_EQ(std::string_view(kDiscard), "Odrzuć \"to\"");
  EXPECT_EQ(Translated("Not yet"), "Not yet");
  EXPECT_EQ(Count(kEvents, 1), "1 zdarzenie");
  EXPECT_EQ(Count(kEvents, 3), "3 zdarzenia");
  EXPECT_EQ(Count(kEvents, 13), "13 zdarzeń");
  EXPECT_EQ(Dated("2026-11-30"), "30.11.2026");
}

TEST(Language, OfEveryCatalogueAPluralHasItsRule) {
  for (const Language* language : Languages()) {
    EXPECT_FALSE(language->name.empty());
    EXPECT_EQ(FindLanguage(language->code), language);
    EXPECT_EQ(language->plural == nullptr, language == &English()) << language->code;
  }
  EXPECT_EQ(FindLanguage("xx"), nullptr);
  EXPECT_EQ(FindLanguage(""), nullptr);
}

}  // namespace
}  // namespace tillrelay::strings
