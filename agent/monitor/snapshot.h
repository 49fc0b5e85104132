// What: everything the status page, the status message and the metrics are made of, at one moment.
// Promise: a plain copy; nothing here is asked again while it is shown.
// Thread: any (value).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/capture/capture_stats.h"
#include "agent/journal/journal_stats.h"
#include "agent/monitor/issue.h"
#include "agent/reconcile/reconcile_stats.h"
#include "agent/uplink/uplink_stats.h"
#include "common/base/clock.h"

namespace tillrelay::monitor {

// Events a second over the last minute; -1: not known yet.
struct Rates {
  double stored_per_s = -1, delivered_per_s = -1;
};

// The name of the certificate that the page's server made for itself.
inline constexpr std::string_view kOwnCertificate = "status.listen";

// A certificate that this server shows, or with which it checks the broker.
struct CertificateRow {
  std::string name;      // the setting that names its file, "broker.cert_file"; or kOwnCertificate
  WallTime not_after{};  // epoch: it cannot be read
};

struct Snapshot {
  journal::JournalStats journal;
  uplink::UplinkStats uplink;
  capture::CaptureStats capture;
  std::vector<reconcile::RegisterRow> registers;  // the newest page of each
  std::vector<reconcile::RegisterRow> unbalanced_days;
  std::vector<std::string> settled_days;  // ids of issues
  // What the list of issues says; none: nobody keeps one, and the snapshot speaks for itself.
  std::optional<std::vector<Issue>> issues;
  std::string version, host;
  std::string session;  // nonce of the broker session; empty before the first
  WallTime now{}, started_at{};
  bool configured = true;               // a store_id is known
  std::string confirm_mode = "centre";  // or "broker": its acknowledgement counts
  std::string intake_address;
  // Those older streams of this journal that this status names; the current one is in the stats.
  std::vector<journal::StreamRow> older_streams;
  std::vector<uplink::UnknownStream> unknown_streams;  // that no person has acknowledged
  Rates rates;
  std::optional<double> median_ms;  // recorded to delivered, over the last hour
  std::vector<CertificateRow> certificates;

  // What the promise in force counts as delivered.
  uint64_t delivered_through() const {
    return by_broker() ? acked_through() : journal.confirmed_through;
  }
  bool by_broker() const { return confirm_mode == "broker"; }
  uint64_t acked_through() const {
    return journal.acked_through > uplink.acked_through ? journal.acked_through
                                                        : uplink.acked_through;
  }
};

}  // namespace tillrelay::monitor
