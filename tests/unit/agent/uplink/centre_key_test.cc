// By which key head office is known: pinned, learned once, or none yet.
#include "agent/uplink/centre_key.h"

#include <gtest/gtest.h>

namespace tillrelay::uplink {
namespace {

class CentreKeyTest : public ::testing::Test {
 protected:
  static wire::Confirm Confirm() { return {"0042", "2026-11-21T16:42:09.512Z", {}}; }
  static wire::Confirm SignedBy(const wire::SigningKey& key) {
    wire::Confirm confirm = Confirm();
    key.Sign(&confirm);
    return confirm;
  }
  CentreKeyOptions Options() {
    CentreKeyOptions options;
    options.keep = [this](const wire::PublicKey& key) {
      if (disk_.ok()) kept_.push_back(key);
      return disk_;
    };
    return options;
  }

  const wire::SigningKey ours_ = *wire::SigningKey::FromPem(wire::SigningKey::NewPem());
  const wire::SigningKey theirs_ = *wire::SigningKey::FromPem(wire::SigningKey::NewPem());
  Status disk_;
  std::vector<wire::PublicKey> kept_;
};

TEST_F(CentreKeyTest, UnsignedOnesCountUntilAKeyIsKnown) {
  CentreKey key(Options());
  EXPECT_EQ(key.Refuses(Confirm()), "");
  EXPECT_STREQ(key.trust(), "unsigned");
  EXPECT_EQ(key.Refuses(SignedBy(ours_)), "");
  EXPECT_STREQ(key.trust(), "signed");
  EXPECT_EQ(kept_, std::vector{ours_.public_key()});
  EXPECT_NE(key.Refuses(Confirm()), "");
  EXPECT_NE(key.Refuses(SignedBy(theirs_)), "");
  EXPECT_EQ(key.Refuses(SignedBy(ours_)), "");
  EXPECT_EQ(kept_.size(), 1u) << "learned once";
}

TEST_F(CentreKeyTest, WhatWasLearnedIsKnownInTheNextLife) {
  CentreKeyOptions options = Options();
  options.learned = ours_.public_key();
  CentreKey key(std::move(options));
  EXPECT_NE(key.Refuses(Confirm()), "");
  EXPECT_NE(key.Refuses(SignedBy(theirs_)), "");
  EXPECT_EQ(key.Refuses(SignedBy(ours_)), "");
}

TEST_F(CentreKeyTest, PinnedOnesCountAndNothingIsLearned) {
  CentreKeyOptions options = Options();
  options.learned = theirs_.public_key();
  options.pinned = {ours_.public_key()};
  CentreKey key(std::move(options));
  EXPECT_NE(key.Refuses(SignedBy(theirs_)), "") << "the settings stand above what was learned";
  EXPECT_EQ(key.Refuses(SignedBy(ours_)), "");
  EXPECT_TRUE(kept_.empty());

  CentreKeyOptions both = Options();
  both.pinned = {ours_.public_key(), theirs_.public_key()};
  CentreKey change_over(std::move(both));
  EXPECT_EQ(change_over.Refuses(SignedBy(theirs_)), "");
  EXPECT_EQ(change_over.Refuses(SignedBy(ours_)), "");
}

TEST_F(CentreKeyTest, ASettingTakesUnsignedOnesButNeverWrongOnes) {
  CentreKeyOptions options = Options();
  options.pinned = {ours_.public_key()};
  options.accept_unsigned = true;
  CentreKey key(std::move(options));
  EXPECT_EQ(key.Refuses(Confirm()), "");
  EXPECT_NE(key.Refuses(SignedBy(theirs_)), "");
  wire::Confirm changed = SignedBy(ours_);
  changed.at = "2026-11-22T16:42:09.512Z";
  EXPECT_NE(key.Refuses(changed), "");
  changed = SignedBy(ours_);
  changed.sig.clear();
  EXPECT_NE(key.Refuses(changed), "") << "half a signature is a wrong one";
}

TEST_F(CentreKeyTest, WhatCannotBeKeptIsNotYetKnown) {
  CentreKey key(Options());
  disk_ = Unavailable("no space left on device");
  EXPECT_NE(key.Refuses(SignedBy(ours_)), "");
  disk_ = Status::Ok();
  EXPECT_EQ(key.Refuses(SignedBy(ours_)), "");
}

TEST_F(CentreKeyTest, WhereTheKeptKeyCannotBeReadNothingCounts) {
  CentreKeyOptions options = Options();
  options.fault = "journal.db.centre-key holds no key";
  CentreKey key(std::move(options));
  EXPECT_NE(key.Refuses(Confirm()), "");
  EXPECT_NE(key.Refuses(SignedBy(ours_)), "");
  EXPECT_TRUE(kept_.empty());
}

}  // namespace
}  // namespace tillrelay::uplink
