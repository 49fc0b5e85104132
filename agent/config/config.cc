#include "agent/config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "agent/config/csv_settings.h"
#include "agent/config/web_origin.h"
#include "common/base/files.h"
#include "common/base/settings.h"
#include "common/base/text.h"
#include "common/language/language.h"

namespace tillrelay::config {
namespace {

constexpr size_t kMaxFileBytes = 1024 * 1024;
constexpr int64_t kGiB = 1024 * 1024 * 1024;

// A certificate and its key come together.
void ReadTls(Settings* s, const std::string& section, std::string* cert, std::string* key) {
  s->String(section + ".tls_cert_file", cert);
  s->String(section + ".tls_key_file", key);
  if (!cert->empty() && key->empty()) {
    s->Complain(section + ".tls_cert_file", "needs tls_key_file, the key that belongs to it");
  }
  if (cert->empty() && !key->empty()) {
    s->Complain(section + ".tls_key_file", "needs tls_cert_file, the certificate of this key");
  }
}

void ReadIntake(Settings* s, Config::Intake* intake) {
  s->String("intake.listen", &intake->listen);
  s->Strings("intake.allowed_hosts", &intake->allowed_hosts);
  s->Strings("intake.allowed_origins", &intake->allowed_origins);
  for (const std::string& origin : intake->allowed_origins) {
    const std::string mistake = OriginMistake(origin);
    if (!mistake.empty()) s->Complain("intake.allowed_origins", mistake);
  }
  ReadTls(s, "intake", &intake->tls_cert_file, &intake->tls_key_file);
  s->String("intake.client_ca_file", &intake->client_ca_file);
  s->Bool("intake.require_token", &intake->require_token);
  s->Integer("intake.rate_per_s", 0, 1'000'000, &intake->rate_per_s);
  s->Integer("intake.burst", 1, 1'000'000, &intake->burst);
  if (!intake->client_ca_file.empty() && intake->tls_cert_file.empty()) {
    s->Complain("intake.client_ca_file", "needs tls_cert_file and tls_key_file");
  }
}

void ReadLanguage(Settings* s, std::string* language) {
  s->String("status.language", language);
  std::string codes = "auto";
  for (const strings::Language* known : strings::Languages()) codes += ", " + known->code;
  if (*language == "auto" || strings::FindLanguage(*language) != nullptr) return;
  s->Complain("status.language", "expected one of " + codes);
}

void ReadPlaces(Settings* s, Config* c) {
  ReadIntake(s, &c->intake);
  s->String("status.listen", &c->status.listen);
  s->Strings("status.allowed_hosts", &c->status.allowed_hosts);
  s->Bool("status.open_read", &c->status.open_read);
  ReadLanguage(s, &c->status.language);
  s->Word("status.tls", {"auto", "always"}, &c->status.tls);
  ReadTls(s, "status", &c->status.tls_cert_file, &c->status.tls_key_file);
  s->String("control.socket", &c->control.socket);
  s->String("drop_folder.path", &c->drop_folder.path);
  s->Integer("drop_folder.rescan_s", 1, 3600, &c->drop_folder.rescan_s);
  s->Integer("drop_folder.settle_s", 0, 3600, &c->drop_folder.settle_s);
  s->Integer("drop_folder.archive_days", 0, 36'500, &c->drop_folder.archive_days);
}

void ReadPosLogWords(Settings* s,
                     std::map<std::string, std::map<std::string, std::string>>* questions) {
  for (const PosLogQuestion& question : PosLogQuestions()) {
    const std::string key = "formats.poslog.words." + std::string(question.name);
    std::map<std::string, std::string> words;
    s->Texts(key, &words);
    for (const auto& [word, meaning] : words) {
      const auto& meanings = question.meanings;
      if (std::find(meanings.begin(), meanings.end(), meaning) == meanings.end()) {
        s->Complain(key, fmt::format("\"{}\" is none of {}", Printable(meaning, 40),
                                     fmt::join(meanings, ", ")));
      }
    }
    if (!words.empty()) (*questions)[std::string(question.name)] = std::move(words);
  }
}

// Its log alone may have half of that.
constexpr int64_t kLeastJournalBytes = 16 * 1024 * 1024;

void ReadJournal(Settings* s, Config* c) {
  s->String("journal.path", &c->journal.path);
  s->Integer("journal.retention_days", 0, 3650, &c->journal.retention_days);
  s->Integer("journal.max_bytes", 0, 4096 * kGiB, &c->journal.max_bytes);
  if (c->journal.max_bytes > 0 && c->journal.max_bytes < kLeastJournalBytes) {
    s->Complain("journal.max_bytes", "must be 0 (no limit) or at least 16777216 (16 MiB)");
  }
  s->Integer("journal.min_free_bytes", 0, 1024 * kGiB, &c->journal.min_free_bytes);
}

// "04:00": until noon, so that a day keeps its own date.
void ReadDayEnd(Settings* s, Config* c) {
  std::string text = "00:00";
  s->String("business_day_ends_at", &text);
  const auto digit = [&](size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  const bool shaped = text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) &&
                      digit(4) && text < "12:01" && text[3] < '6';
  if (!shaped) {
    return s->Complain("business_day_ends_at", "expected a time from 00:00 to 12:00");
  }
  const int hours = (text[0] - '0') * 10 + text[1] - '0';
  const int minutes = (text[3] - '0') * 10 + text[4] - '0';
  c->business_day_ends_s = (hours * 60 + minutes) * 60;
}

void ReadNumbering(Settings* s, Config::Registers* r) {
  constexpr std::string_view kWords[] = {"register", "store", "series", "none"};
  s->Word("registers.numbering", {"register", "store", "series", "none"}, &r->numbering);
  s->Texts("registers.numbering_of", &r->numbering_of);
  for (const auto& [id, word] : r->numbering_of) {
    if (!IsName(id)) s->Complain("registers.numbering_of", "ids match [A-Za-z0-9._-]{1,32}");
    if (std::find(std::begin(kWords), std::end(kWords), word) == std::end(kWords)) {
      s->Complain("registers.numbering_of", "use one of register, store, series, none");
    }
  }
}

void ReadRegisters(Settings* s, Config::Registers* r) {
  ReadNumbering(s, r);
  s->Strings("registers.expected", &r->expected);
  s->Integer("registers.silent_after_min", 0, 7 * 24 * 60, &r->silent_after_min);
  std::vector<std::string> texts;
  s->Strings("registers.opening_hours", &texts);
  auto hours = OpeningHours::Parse(texts);
  if (!hours.ok()) return s->Complain("registers.opening_hours", hours.status().message());
  r->opening_hours = *std::move(hours);
  for (const std::string& id : r->expected) {
    if (!IsName(id)) s->Complain("registers.expected", "ids match [A-Za-z0-9._-]{1,32}");
  }
  if (r->silent_after_min > 0 && r->opening_hours.empty()) {
    s->Complain("registers.silent_after_min", "needs registers.opening_hours");
  }
}

void ReadLogin(Settings* s, const std::string& section, Config::BrokerAddress* broker) {
  s->String(section + ".username", &broker->username);
  s->String(section + ".password_file", &broker->password_file);
  s->String(section + ".ca_file", &broker->ca_file);
  s->String(section + ".cert_file", &broker->cert_file);
  s->String(section + ".key_file", &broker->key_file);
}

// The second and further ones log in as the first does, but for what [broker.2] .. say.
void ReadBrokers(Settings* s, Config::Broker* broker) {
  std::vector<std::string> urls;
  s->String("broker.url", &broker->url);
  s->Strings("broker.urls", &urls);
  if (!broker->url.empty() && !urls.empty()) {
    s->Complain("broker.urls", "stands instead of broker.url, not beside it");
  }
  if (urls.size() > Config::kMaxBrokers) s->Complain("broker.urls", "at most 4 brokers");
  if (!urls.empty()) broker->url = urls.front();
  ReadLogin(s, "broker", broker);
  for (int i = 2; i <= Config::kMaxBrokers; ++i) {
    const std::string section = fmt::format("broker.{}", i);
    const auto at = static_cast<size_t>(i - 1);
    if (at >= urls.size() && !s->Has(section)) continue;
    Config::BrokerAddress other = *broker;
    ReadLogin(s, section, &other);
    if (at >= urls.size()) {
      s->Complain(section, fmt::format("broker.urls has no {}. entry", i));
    } else {
      other.url = urls[at];
      broker->others.push_back(std::move(other));
    }
  }
}

// Public keys of Ed25519 in hex.
void CheckKeys(Settings* s, const std::vector<std::string>& keys) {
  constexpr size_t kDigits = 64, kMostKeys = 2;
  if (keys.size() > kMostKeys) s->Complain("delivery.confirm_keys", "at most two keys");
  for (const std::string& key : keys) {
    if (key.size() == kDigits && key.find_first_not_of("0123456789abcdef") == std::string::npos) {
      continue;
    }
    s->Complain("delivery.confirm_keys",
                "a key is 64 hex digits, as tillrelay-collector --make-signing-key prints them");
  }
}

void ReadDelivery(Settings* s, Config* c) {
  ReadBrokers(s, &c->broker);
  s->Word("broker.protocol", {"auto", "5", "3.1.1"}, &c->broker.protocol);
  s->String("broker.proxy", &c->broker.proxy);
  s->String("broker.proxy_username", &c->broker.proxy_username);
  s->String("broker.proxy_password_file", &c->broker.proxy_password_file);
  s->Integer("broker.retry_min_ms", 10, 3'600'000, &c->broker.retry_min_ms);
  s->Integer("broker.retry_max_ms", 10, 3'600'000, &c->broker.retry_max_ms);
  s->Word("delivery.form", {"auto", "events", "batches"}, &c->delivery.form);
  s->Strings("delivery.confirm_keys", &c->delivery.confirm_keys);
  s->Bool("delivery.accept_unsigned", &c->delivery.accept_unsigned);
  CheckKeys(s, c->delivery.confirm_keys);
  s->Word("delivery.confirm", {"centre", "broker"}, &c->delivery.confirm);
  s->Bool("delivery.zstd", &c->delivery.zstd);
  s->Integer("delivery.batch_events", 1, 1000, &c->delivery.batch_events);
  s->Integer("delivery.max_unconfirmed", 1, 1'000'000, &c->delivery.max_unconfirmed);
  s->Integer("delivery.max_events_per_s", 0, 1'000'000, &c->delivery.max_events_per_s);
  s->Integer("delivery.max_bytes_per_s", 0, kGiB, &c->delivery.max_bytes_per_s);
  s->String("delivery.topic_prefix", &c->delivery.topic_prefix);
}

void ReadLimits(Settings* s, Config::Limits* l) {
  s->Integer("limits.body_bytes", 1024, kGiB, &l->body_bytes);
  s->Integer("limits.header_bytes", 1024, 1024 * 1024, &l->header_bytes);
  s->Integer("limits.event_bytes", 1024, 8 * 1024 * 1024, &l->event_bytes);
  s->Integer("limits.file_bytes", 1024, kGiB, &l->file_bytes);
  s->Integer("limits.file_events", 1, 1'000'000, &l->file_events);
  s->Integer("limits.depth", 8, 256, &l->depth);
  s->Integer("limits.string_bytes", 256, 16 * 1024 * 1024, &l->string_bytes);
  s->Integer("limits.queue_events", 1, 1'000'000, &l->queue_events);
  s->Integer("limits.queue_bytes", 1024 * 1024, kGiB, &l->queue_bytes);
  s->Integer("limits.memory_bytes", 4 * 1024 * 1024, kGiB, &l->memory_bytes);
  s->Integer("limits.quarantine_documents", 1, 10'000'000, &l->quarantine_documents);
  s->Integer("limits.quarantine_bytes", 1024, 16 * kGiB, &l->quarantine_bytes);
}

// Keys that had another name in the minor version before this one; it is read once more, with a
// note. A line stays for one minor version.
struct NewName {
  const char *before, *now;
};
const std::vector<NewName> kNewNames = {};

// The names of store, register and kind come behind it; what begins with $ is the broker's own.
bool IsTopicPrefix(std::string_view text) {
  constexpr size_t kMaxBytes = 200;
  constexpr std::string_view kRefused("+#\0", 3);
  return !text.empty() && text.size() <= kMaxBytes && text.front() != '$' && text.front() != '/' &&
         text.back() != '/' && text.find_first_of(kRefused) == std::string_view::npos;
}

Result<Config> FromSettings(Settings settings) {
  Config c;
  for (const NewName& name : kNewNames) settings.Renamed(name.before, name.now);
  settings.String("store_id", &c.store_id);
  settings.String("time_zone", &c.time_zone);
  ReadDayEnd(&settings, &c);
  settings.Strings("store_aliases", &c.store_aliases);
  settings.Word("log_level", {"info", "warning", "error"}, &c.log_level);
  settings.Bool("test_store", &c.test_store);
  settings.Strings("items.non_stock", &c.items.non_stock);
  settings.String("items.map", &c.items.map);
  settings.String("guard.receipt_pattern", &c.guard.receipt_pattern);
  settings.String("guard.operator_key_file", &c.guard.operator_key_file);
  ReadPlaces(&settings, &c);
  ReadCsvProfiles(&settings, &c.drop_folder.csv);
  ReadPosLogWords(&settings, &c.formats.poslog_words);
  ReadJournal(&settings, &c);
  ReadRegisters(&settings, &c.registers);
  ReadDelivery(&settings, &c);
  ReadLimits(&settings, &c.limits);
  if (!c.store_id.empty() && !IsName(c.store_id)) {
    settings.Complain("store_id", "must match [A-Za-z0-9._-]{1,32}");
  }
  for (const std::string& alias : c.store_aliases) {
    if (!IsName(alias)) settings.Complain("store_aliases", "each must match [A-Za-z0-9._-]{1,32}");
  }
  if (!IsTopicPrefix(c.delivery.topic_prefix)) {
    settings.Complain("delivery.topic_prefix",
                      "must be a topic of at most 200 bytes without wildcards and outer slashes "
                      "that does not begin with $");
  }
  if (c.broker.retry_max_ms < c.broker.retry_min_ms) {
    if (settings.Has("broker.retry_max_ms")) {
      settings.Complain("broker.retry_max_ms", "must not be below broker.retry_min_ms");
    } else {
      settings.Complain("broker.retry_min_ms", "must not be above broker.retry_max_ms (120000)");
    }
  }
  TRY(settings.Finish());
  c.effective = settings.Values();
  c.notes = settings.Notes();
  return c;
}

Result<std::vector<std::string>> Fragments(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path() / "conf.d";
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".toml") files.push_back(entry->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Unavailable(folder.string() + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::span<const PosLogQuestion> PosLogQuestions() {
  static const PosLogQuestion kQuestions[] = {
      {"status", {"completed", "cancelled", "suspended", "resumed", "training", "post_voided"}},
      {"type",
       {"receipt", "order", "return", "post_void", "training", "cancelled", "suspended",
        "control"}},
      {"link", {"reference", "void", "return", "resume"}},
      {"flag", {"harmless", "cancelled", "training", "suspended", "offline"}},
      {"line_status", {"kept", "cancelled"}},
      {"line_type", {"as_element", "return"}},
      {"element", {"harmless", "sale", "return", "order", "pick_up", "refused"}},
      {"item_type", {"goods", "no_goods", "deposit_return"}},
      {"disposal", {"sellable", "damaged", "not_kept"}},
      {"document_type",
       {"shipped", "received", "transfer", "adjusted", "lost", "counted", "refused"}},
      {"document_state", {"done", "draft", "cancelled"}},
      {"reason", {"damage", "theft", "found", "waste", "own_use", "correction", "other"}},
      {"condition", {"sellable", "damaged"}},
      {"direction", {"increase", "decrease"}}};
  return kQuestions;
}

bool NeedsToken(const Config::Intake& intake, bool is_local) {
  return intake.require_token || (!is_local && intake.client_ca_file.empty());
}

bool NeedsTls(const Config::StatusPage& status, bool is_local) {
  return !is_local || status.tls == "always" || !status.tls_cert_file.empty();
}

Status CheckListeners(const Config& config, bool is_local) {
  if (!is_local && config.intake.tls_cert_file.empty()) {
    return Invalid(
        config.intake.listen +
        ": an intake that other machines can reach needs TLS; set intake.tls_cert_file and "
        "intake.tls_key_file (tokens are then required by themselves), or listen on 127.0.0.1");
  }
  return Status::Ok();
}

std::string ShownValue(const SettingValue& value) {
  const size_t at = value.text.rfind('@');
  const size_t start = value.text.find("://");
  if (!value.key.ends_with("url") || at == std::string::npos || start == std::string::npos) {
    return value.text;
  }
  return value.text.substr(0, start + 3) + "***" + value.text.substr(at);
}

std::vector<std::string> Differences(const Config& before, const Config& after) {
  std::map<std::string, std::string> old_texts;
  for (const auto& value : before.effective) old_texts[value.key] = value.text;
  std::vector<std::string> keys;
  for (const auto& value : after.effective) {
    const auto old = old_texts.extract(value.key);
    if (old.empty() || old.mapped() != value.text) keys.push_back(value.key);
  }
  for (const auto& [key, text] : old_texts) keys.push_back(key);  // a table that is gone
  return keys;
}

Result<Config> Parse(std::string_view text, const std::string& name) {
  auto settings = Settings::Parse(text, name);
  if (!settings.ok()) return std::move(settings).status();
  return FromSettings(*std::move(settings));
}

Result<Config> Load(const std::string& path) {
  auto text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return std::move(text).status().Within("configuration");
  auto settings = Settings::Parse(*text, path);
  if (!settings.ok()) return std::move(settings).status();
  auto fragments = Fragments(path);
  if (!fragments.ok()) return std::move(fragments).status().Within("configuration");
  for (const std::string& file : *fragments) {
    auto fragment_text = ReadFile(file, kMaxFileBytes);
    if (!fragment_text.ok()) return std::move(fragment_text).status().Within("configuration");
    auto fragment = Settings::Parse(*fragment_text, file);
    if (!fragment.ok()) return std::move(fragment).status();
    TRY(settings->Merge(*std::move(fragment)));
  }
  return FromSettings(*std::move(settings));
}

}  // namespace tillrelay::config
