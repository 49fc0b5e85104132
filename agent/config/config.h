// What: the agent's configuration as plain values, each with its unit in the name and its default.
// Promise: what comes out of Load is complete and within bounds; every mistake of the files is
//   reported at once with file, line and column.
// Thread: immutable once loaded.
// Errors: not found, invalid (one line a mistake).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/base/settings.h"
#include "common/base/status.h"
#include "common/event/opening_hours.h"

namespace tillrelay::config {

struct Config {
  std::string store_id;             // empty: unconfigured, nothing is accepted
  std::string time_zone;            // IANA name; empty: the system's
  int32_t business_day_ends_s = 0;  // after midnight, of documents that do not say their day
  std::vector<std::string> store_aliases;
  std::string log_level = "info";
  bool test_store = false;  // no real sales: "tillrelay simulate" may play here without asking

  struct Intake {
    std::string listen = "127.0.0.1:8470";
    std::vector<std::string> allowed_hosts;
    std::vector<std::string>
        allowed_origins;                      // of pages of other sites that may send, with a token
    std::string tls_cert_file, tls_key_file;  // empty: plain HTTP, on loopback only
    std::string client_ca_file;  // registers show a certificate of it; its CN is the register id
    bool require_token = false;
    int64_t rate_per_s = 1000;  // requests of one token or certificate; 0: no limit
    int64_t burst = 5000;       // so many may come at once
  } intake;
  struct StatusPage {
    std::string listen = "127.0.0.1:8471";
    std::vector<std::string> allowed_hosts;
    bool open_read = true;
    std::string language = "auto";            // of the pages: a code; auto: the browser's
    std::string tls = "auto";                 // TLS when other machines can reach it; or "always"
    std::string tls_cert_file, tls_key_file;  // empty: a certificate of our own making
  } status;
  struct Control {
    std::string socket = "/run/tillrelay/control.sock";  // empty: none
  } control;
  struct Journal {
    std::string path = "/var/lib/tillrelay/journal.db";
    int64_t retention_days = 30;
    int64_t max_bytes = 0;  // 0: as much as the disk gives
    int64_t min_free_bytes = 64 * 1024 * 1024;
  } journal;
  // How to read one source's CSV files; docs/formats.md, "CSV".
  struct Csv {
    std::string name;
    std::string files = "*.csv", delimiter = ",", decimal_mark = ".", encoding = "utf-8";
    std::string thousands_mark;  // empty: none is taken
    bool header = true;
    int64_t skip_lines = 0;               // before the header
    bool final_line_end = true;           // false: a last row without a line end counts
    std::string head_files;               // of heads, where rows and heads are two files
    std::vector<std::string> joined_by;   // the columns that both have
    std::string time_format, day_format;  // strptime(3); empty: RFC 3339
    std::string register_id, uom = "EA", currency;
    std::map<std::string, std::string> columns;     // ours to theirs
    std::map<std::string, std::string> constants;   // ours to the text that every row has
    std::map<std::string, std::string> when_empty;  // ours to the text instead of an empty cell
    std::map<std::string, std::string> zones;       // names behind times to their offsets
    bool head_in_first_row = false;  // what belongs to the receipt stands in its first row alone
    std::map<std::string, std::map<std::string, std::string>> words;  // column, word, meaning
    std::vector<std::string> ignored;    // their columns that decide nothing
    std::vector<std::string> non_stock;  // as items.non_stock, for this source
  };
  struct Formats {
    // Words of POSLog documents that this shop's tills use: question, word, meaning.
    std::map<std::string, std::map<std::string, std::string>> poslog_words;
  } formats;
  struct DropFolder {
    std::string path = "/var/spool/tillrelay";  // empty: none
    int64_t rescan_s = 10;
    int64_t settle_s = 2;
    int64_t archive_days = 90;  // of done/ and rejected/; 0: for ever
    std::vector<Csv> csv;
  } drop_folder;
  struct Items {
    // Codes that are no goods (deposits, services): exact, or a beginning with a final "*".
    std::vector<std::string> non_stock;
    std::string map;  // file that gives numbers, GTINs, units and packs one key; empty: none
  } items;
  // When a register's silence is worth an alarm; docs/books.md.
  struct Registers {
    std::vector<std::string> expected;  // ids that must speak; others count once heard
    OpeningHours opening_hours;         // on the store's clock face
    int64_t silent_after_min = 0;       // 0: never
    // Whose counter the numbers are: register, store, series or none; of single registers.
    std::string numbering = "register";
    std::map<std::string, std::string> numbering_of;
  } registers;
  // A broker, and how to log in there.
  struct BrokerAddress {
    std::string url, username, password_file, ca_file, cert_file, key_file;
  };
  static constexpr int kMaxBrokers = 4;
  struct Broker : BrokerAddress {       // the first one; url empty: the agent only keeps
    std::vector<BrokerAddress> others;  // in the order in which they are tried
    std::string protocol = "auto";
    // An HTTP proxy on the way to all of them, "http://host:port"; empty: none.
    std::string proxy, proxy_username, proxy_password_file;
    int64_t retry_min_ms = 1000, retry_max_ms = 120'000;
  } broker;
  struct Delivery {
    std::string form = "auto";
    std::string confirm = "centre";
    bool zstd = false;                 // batches are compressed
    int64_t batch_events = 100;        // at most, in one message
    int64_t max_unconfirmed = 10'000;  // events beyond the confirmation while the centre is away
    int64_t max_events_per_s = 0, max_bytes_per_s = 0;  // 0: no bound
    std::string topic_prefix = "tillrelay/v1";
    std::vector<std::string>
        confirm_keys;              // head office's public keys; empty: the first one learned
    bool accept_unsigned = false;  // confirmations, also where a key is known
  } delivery;
  struct Limits {
    int64_t body_bytes = 8 * 1024 * 1024;
    int64_t header_bytes = 16 * 1024;
    int64_t event_bytes = 1024 * 1024;
    int64_t file_bytes = 64 * 1024 * 1024;
    int64_t file_events = 100'000;
    int64_t depth = 64;
    int64_t string_bytes = 64 * 1024;
    int64_t queue_events = 8192;
    int64_t queue_bytes = 32 * 1024 * 1024;
    int64_t memory_bytes = 64 * 1024 * 1024;  // of bodies and files in hand
    int64_t quarantine_documents = 10'000;
    int64_t quarantine_bytes = 64 * 1024 * 1024;
  } limits;
  struct Guard {
    std::string receipt_pattern;
    std::string operator_key_file;  // empty: operators are left out
  } guard;

  std::vector<SettingValue> effective;  // every key, its value, and the file that set it
  std::vector<std::string> notes;       // old names that still work, a line each
};

// The questions of formats.poslog.words and what a word can mean there; the decoder has the same.
struct PosLogQuestion {
  std::string_view name;
  std::vector<std::string_view> meanings;
};
std::span<const PosLogQuestion> PosLogQuestions();

// An intake that others than this machine can reach needs TLS, and registers that show who they
// are. `is_local`: what it listens on is loopback or a unix socket. Invalid, with a hint.
Status CheckListeners(const Config& config, bool is_local);
// Does the admin port speak TLS?
bool NeedsTls(const Config::StatusPage& status, bool is_local);
// Must every document come with a token?
bool NeedsToken(const Config::Intake& intake, bool is_local);
// A setting's value as people may see it: a URL may carry a login.
std::string ShownValue(const SettingValue& value);
// The keys whose value differs between two configurations.
std::vector<std::string> Differences(const Config& before, const Config& after);

// The file and, beside it, conf.d/*.toml in the order of their names; later ones win.
Result<Config> Load(const std::string& path);
// The same from one text; for tests and `config check`.
Result<Config> Parse(std::string_view text, const std::string& name);

}  // namespace tillrelay::config
