// The texts that are made from the table of commands: nothing of the table is missing in them.
#include "agent/cli/command_pages.h"

#include <gtest/gtest.h>

namespace tillrelay::cli {
namespace {

CommandPage Small() {
  CommandPage root{
      "tillrelay", "Tends a daemon", "", {{"--json", "", "Print JSON", "", false}}, {}};
  CommandPage list{"list", "One line each", "", {{"--most", "NUMBER", "At most", "50", false}}, {}};
  CommandPage drop{
      "discard",
      "Give it up",
      "It's for good.",
      {{"ticket", "TEXT", "Its ticket", "", true}, {"--reason", "TEXT", "For the audit", "", true}},
      {}};
  root.commands = {{"quarantine", "Documents", "", {}, {list, drop}}};
  return root;
}

TEST(ManualPage, NamesEveryCommandWithItsOptions) {
  const std::string page = ManualPage(Small());
  EXPECT_NE(page.find(".It Cm quarantine list Oo Fl -most Ar number Oc\nOne line each.\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find(".It Cm quarantine discard Ar ticket Fl -reason Ar text\n"),
            std::string::npos);
  EXPECT_NE(page.find(".It Fl -most Ar number\nAt most; default 50\n"), std::string::npos);
  EXPECT_NE(page.find("It's for good."), std::string::npos);
}

TEST(ManualPage, TextThatLooksLikeACommandIsText) {
  CommandPage root = Small();
  root.options[0].what = ".Nm \\fBx";
  const std::string page = ManualPage(root);
  EXPECT_NE(page.find("\n\\&.Nm \\efBx\n"), std::string::npos) << page;
}

TEST(BashCompletion, OffersWhatMayFollow) {
  const std::string text = BashCompletion(Small());
  EXPECT_NE(text.find("'') words='quarantine --json'"), std::string::npos) << text;
  EXPECT_NE(text.find("'quarantine') words='list discard --json'"), std::string::npos);
  EXPECT_NE(text.find("'quarantine discard') words='--reason --json'"), std::string::npos);
  EXPECT_NE(text.find("--most|--reason) skip=1"), std::string::npos);
}

TEST(ZshCompletion, SaysWhatEachWordDoes) {
  CommandPage root = Small();
  root.commands[0].commands[0].what = "It's a list";
  const std::string text = ZshCompletion(root);
  EXPECT_NE(text.find("'list:It'\\''s a list'"), std::string::npos) << text;
}

}  // namespace
}  // namespace tillrelay::cli
