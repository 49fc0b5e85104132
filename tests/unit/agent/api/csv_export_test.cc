#include "agent/api/csv_export.h"

#include <gtest/gtest.h>

#include "common/web/csv_cell.h"

namespace tillrelay::api {
namespace {

TEST(CsvCell, NoSpreadsheetTakesItForAFormula) {
  for (const char* text :
       {"=1+1", "+49 30",   "-1-2",     "-cmd",     "@SUM(A1)", "\t=1",    "\r=1",     " =1",
        "  +1", "|calc",    "%x",       "=",        "--1",      "-1.2.3",  "\n@x",     "-",
        "\tx",  "\u00A0=1", "\u200B=1", "\uFEFF=1", "\u2060@x", "\uFF1D1", "\uFF20SUM"}) {
    EXPECT_EQ(CsvCell(text), "\"'" + std::string(text) + "\"") << text;
  }
}

// A spreadsheet of another country parts cells at ";", whatever stands in quotation marks.
TEST(CsvCell, NorWhatStandsBehindAnotherSeparator) {
  EXPECT_EQ(CsvCell("x;=cmd|' /C calc'!A0;y"), "\"x;'=cmd|' /C calc'!A0;y\"");
  EXPECT_EQ(CsvCell("x\t=1"), "\"x\t'=1\"");
  EXPECT_EQ(CsvCell("a; +1;b;-2"), "\"a;' +1;b;-2\"");
  EXPECT_EQ(CsvCell("a;b;c"), "\"a;b;c\"");
}

TEST(CsvCell, WhatIsHarmlessStaysAsItIs) {
  for (const char* text : {"", "7", "-12.50", "004711", "bad-value", "a=b", " plain", "-.5"}) {
    EXPECT_EQ(CsvCell(text), "\"" + std::string(text) + "\"") << text;
  }
  EXPECT_EQ(CsvCell("say \"no\""), "\"say \"\"no\"\"\"");
}

TEST(CsvExport, AnEventIsOneLineWithTheShopsNames) {
  admin::EventPage page;
  admin::EventRow row;
  row.subject = "register/03/2026-11-25/004711";
  row.kind = "sale";
  row.state = "waiting";
  page.events.push_back(row);
  row.subject = "transfer/TR-1";
  page.events.push_back(row);
  row.subject = "register/03/day/2026-11-25";
  page.events.push_back(row);
  std::string csv = EventsCsvHead();
  AddEventRows(page, &csv);
  EXPECT_NE(csv.find("\"3\",\"004711\",\"2026-11-25\",\"sale\",\"waiting\""), std::string::npos)
      << csv;
  EXPECT_NE(csv.find("\"\",\"TR-1\",\"\",\"sale\""), std::string::npos) << csv;
  EXPECT_NE(csv.find("\"3\",\"\",\"2026-11-25\",\"sale\""), std::string::npos) << csv;
}

TEST(CsvExport, AHostileDocumentStaysText) {
  admin::TicketPage page;
  admin::QuarantineRow row;
  row.ticket = 7;
  row.names.register_id = "=cmd|' /C calc'!A0";
  row.hint = "a \"quoted\"\r\nhint";
  page.tickets.push_back(row);
  const std::string csv = TicketsCsv(page);
  EXPECT_NE(csv.find("\"'=cmd|' /C calc'!A0\""), std::string::npos) << csv;
  EXPECT_NE(csv.find("\"a \"\"quoted\"\"\r\nhint\""), std::string::npos) << csv;
}

}  // namespace
}  // namespace tillrelay::api
