// Journal on SQLite.
#include "monitor/journal.h"

#include <map>
#include <mutex>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/clock.h"

namespace slipway {

namespace {

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS alarms(id INTEGER PRIMARY KEY, model TEXT NOT NULL, version INTEGER NOT NULL,
  active INTEGER NOT NULL, end_us INTEGER NOT NULL, alarm TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS alarms_active ON alarms(active, end_us);
CREATE TABLE IF NOT EXISTS windows(model TEXT NOT NULL, version INTEGER NOT NULL, end_us INTEGER NOT NULL,
  summary TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS windows_end ON windows(model, version, end_us);
CREATE TABLE IF NOT EXISTS totals(model TEXT NOT NULL, version INTEGER NOT NULL, total TEXT NOT NULL,
  PRIMARY KEY(model, version));
CREATE TABLE IF NOT EXISTS audit(sequence INTEGER PRIMARY KEY AUTOINCREMENT, time_us INTEGER NOT NULL,
  actor TEXT NOT NULL, model TEXT NOT NULL, version INTEGER NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS repairs(id INTEGER PRIMARY KEY, open INTEGER NOT NULL, repair TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS judgements(model TEXT NOT NULL, version INTEGER NOT NULL, judgement TEXT NOT NULL,
  PRIMARY KEY(model, version));
)";
constexpr int kVersion = 1;  // PRAGMA user_version

using Bound = std::variant<int64_t, std::string>;

}  // namespace

struct Journal::Impl {
  std::string path;
  sqlite3* db = nullptr;
  std::map<std::string, sqlite3_stmt*> prepared;
  std::mutex mutex;

  ~Impl() {
    for (auto& [sql, statement] : prepared) sqlite3_finalize(statement);
    sqlite3_close(db);
  }

  Status error(const char* doing) const {
    const int code = sqlite3_errcode(db);
    const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    const bool closed = code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
    std::string message = fmt::format("{}: {}: {}{}", path, doing, sqlite3_errmsg(db),
                                      damaged  ? "; move the file away and a new journal will be begun"
                                      : closed ? "; check the folder and its mode, or name another file with --journal"
                                               : "");
    return damaged ? data_loss(std::move(message)) : unavailable(std::move(message));
  }

  Status execute(const char* sql) {
    if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("executing");
    return {};
  }

  Result<sqlite3_stmt*> bind(const std::string& sql, const std::vector<Bound>& values) {
    sqlite3_stmt*& statement = prepared[sql];
    if (statement == nullptr &&
        sqlite3_prepare_v3(db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
      return error("preparing a statement");
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    for (size_t i = 0; i < values.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      if (const int64_t* n = std::get_if<int64_t>(&values[i])) {
        sqlite3_bind_int64(statement, at, *n);
      } else {
        const std::string& text = std::get<std::string>(values[i]);
        sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
      }
    }
    return statement;
  }

  Status write(const std::string& sql, const std::vector<Bound>& values) {
    sqlite3_stmt* statement = TRY(bind(sql, values));
    const int code = sqlite3_step(statement);
    Status status = code == SQLITE_DONE ? Status() : error("writing");
    sqlite3_reset(statement);
    return status;
  }

  // Calls row(statement) for every row; an error of `row` ends it.
  template <typename Row>
  Status read(const std::string& sql, const std::vector<Bound>& values, Row row) {
    sqlite3_stmt* statement = TRY(bind(sql, values));
    Status status;
    int code = SQLITE_ROW;
    while (status.ok() && (code = sqlite3_step(statement)) == SQLITE_ROW) status = row(statement);
    if (status.ok() && code != SQLITE_DONE) status = error("reading");
    sqlite3_reset(statement);
    return status;
  }

  // Runs `body` in a transaction.
  template <typename Body>
  Status transaction(Body body) {
    std::lock_guard lock(mutex);
    RETURN_IF_ERROR(execute("BEGIN IMMEDIATE"));
    Status status = body();
    if (status.ok()) status = execute("COMMIT");
    if (!status.ok()) static_cast<void>(execute("ROLLBACK"));
    return status;
  }

  static std::string text(sqlite3_stmt* statement, int column) {
    const unsigned char* bytes = sqlite3_column_text(statement, column);
    return bytes == nullptr ? "" : reinterpret_cast<const char*>(bytes);
  }

  Result<std::vector<Json>> read_json(const std::string& sql, const std::vector<Bound>& values) {
    std::vector<Json> all;
    RETURN_IF_ERROR(read(sql, values, [&](sqlite3_stmt* s) -> Status {
      auto json = Json::parse(text(s, 0));
      if (!json.ok()) return data_loss(fmt::format("{}: a row is no JSON: {}", path, json.status().message()));
      all.push_back(std::move(*json));
      return {};
    }));
    return all;
  }

  Result<int64_t> read_number(const std::string& sql) {
    int64_t number = 0;
    RETURN_IF_ERROR(read(sql, {}, [&](sqlite3_stmt* s) -> Status {
      number = sqlite3_column_int64(s, 0);
      return {};
    }));
    return number;
  }
};

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path.string();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(impl->path.c_str(), &impl->db, flags, nullptr) != SQLITE_OK) return impl->error("opening");
  sqlite3_busy_timeout(impl->db, 5000);
  RETURN_IF_ERROR(impl->execute("PRAGMA journal_mode=WAL"));
  RETURN_IF_ERROR(impl->execute("PRAGMA synchronous=FULL"));
  const int64_t version = TRY(impl->read_number("PRAGMA user_version"));
  if (version > kVersion) {
    return failed_precondition(
        fmt::format("{}: written by a newer program (format {}, this one reads {}); update, or "
                    "point to another file",
                    impl->path, version, kVersion));
  }
  RETURN_IF_ERROR(impl->execute(kSchema));
  if (version == 0) RETURN_IF_ERROR(impl->execute("PRAGMA user_version=1"));
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Status Journal::save_alarms(const std::vector<AlarmEvent>& events) {
  if (events.empty()) return {};
  return impl_->transaction([&]() -> Status {
    for (const AlarmEvent& event : events) {
      const Alarm& a = event.alarm;
      RETURN_IF_ERROR(impl_->write(
          "INSERT OR REPLACE INTO alarms VALUES(?,?,?,?,?,?)",
          {a.id, a.model, a.version, int64_t{a.active()}, a.active() ? a.last_us : a.cleared_us, a.to_json().dump()}));
    }
    return {};
  });
}

Result<std::vector<Alarm>> Journal::active_alarms() const {
  std::lock_guard lock(impl_->mutex);
  std::vector<Alarm> alarms;
  for (const Json& json : TRY(impl_->read_json("SELECT alarm FROM alarms WHERE active = 1 ORDER BY id", {}))) {
    alarms.push_back(TRY(Alarm::from_json(json)));
  }
  return alarms;
}

Result<std::vector<Alarm>> Journal::alarms(int64_t limit) const {
  std::lock_guard lock(impl_->mutex);
  std::vector<Alarm> alarms;
  for (const Json& json : TRY(impl_->read_json("SELECT alarm FROM alarms ORDER BY id DESC LIMIT ?", {limit}))) {
    alarms.push_back(TRY(Alarm::from_json(json)));
  }
  return alarms;
}

Result<int64_t> Journal::next_alarm_id() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->read_number("SELECT COALESCE(MAX(id), 0) + 1 FROM alarms");
}

Status Journal::save_window(const std::string& model, int64_t version, const Window& window, const Window& total) {
  return impl_->transaction([&]() -> Status {
    RETURN_IF_ERROR(
        impl_->write("INSERT INTO windows VALUES(?,?,?,?)", {model, version, window.end_us, window.summary().dump()}));
    return impl_->write("INSERT OR REPLACE INTO totals VALUES(?,?,?)", {model, version, total.to_json().dump()});
  });
}

Result<Json> Journal::windows(const std::string& model, int64_t version, int64_t since_us) const {
  std::lock_guard lock(impl_->mutex);
  Json all = Json::array();
  for (Json& json : TRY(impl_->read_json(
           "SELECT summary FROM windows WHERE model = ? AND version = ? AND end_us >= ? ORDER BY end_us",
           {model, version, since_us}))) {
    all.push(std::move(json));
  }
  return all;
}

Result<std::vector<VersionTotal>> Journal::totals() const {
  std::lock_guard lock(impl_->mutex);
  std::vector<VersionTotal> totals;
  RETURN_IF_ERROR(impl_->read("SELECT model, version, total FROM totals", {}, [&](sqlite3_stmt* s) -> Status {
    Json json = TRY(Json::parse(Impl::text(s, 2)));
    Window total = TRY(Window::from_json(json));
    totals.push_back({Impl::text(s, 0), sqlite3_column_int64(s, 1), std::move(total)});
    return {};
  }));
  return totals;
}

Status Journal::append(const AuditEntry& e) {
  std::lock_guard lock(impl_->mutex);
  return impl_->write("INSERT INTO audit(time_us, actor, model, version, action, detail) VALUES(?,?,?,?,?,?)",
                      {e.time_us, e.actor, e.model, e.version, e.action, e.detail.dump()});
}

Result<std::vector<AuditEntry>> Journal::audit(int64_t limit) const {
  std::lock_guard lock(impl_->mutex);
  std::vector<AuditEntry> entries;
  RETURN_IF_ERROR(impl_->read(
      "SELECT sequence, time_us, actor, model, version, action, detail FROM audit ORDER BY sequence DESC LIMIT ?",
      {limit}, [&](sqlite3_stmt* s) -> Status {
        Json detail = TRY(Json::parse(Impl::text(s, 6)));
        entries.push_back({sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), Impl::text(s, 2), Impl::text(s, 3),
                           sqlite3_column_int64(s, 4), Impl::text(s, 5), std::move(detail)});
        return {};
      }));
  return entries;
}

Status Journal::save_repair(int64_t id, bool open, const Json& repair) {
  std::lock_guard lock(impl_->mutex);
  return impl_->write("INSERT OR REPLACE INTO repairs VALUES(?,?,?)", {id, int64_t{open}, repair.dump()});
}

Result<std::vector<Json>> Journal::open_repairs() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->read_json("SELECT repair FROM repairs WHERE open = 1 ORDER BY id", {});
}

Result<int64_t> Journal::next_repair_id() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->read_number("SELECT COALESCE(MAX(id), 0) + 1 FROM repairs");
}

Status Journal::save_judgement(const std::string& model, int64_t version, const Json& judgement) {
  std::lock_guard lock(impl_->mutex);
  return impl_->write("INSERT OR REPLACE INTO judgements VALUES(?,?,?)", {model, version, judgement.dump()});
}

Result<std::vector<VersionJudgement>> Journal::judgements() const {
  std::lock_guard lock(impl_->mutex);
  std::vector<VersionJudgement> all;
  RETURN_IF_ERROR(impl_->read("SELECT model, version, judgement FROM judgements", {}, [&](sqlite3_stmt* s) -> Status {
    Json judgement = TRY(Json::parse(Impl::text(s, 2)));
    all.push_back({Impl::text(s, 0), sqlite3_column_int64(s, 1), std::move(judgement)});
    return {};
  }));
  return all;
}

Status Journal::forget(int64_t before_us) {
  return impl_->transaction([&]() -> Status {
    RETURN_IF_ERROR(impl_->write("DELETE FROM windows WHERE end_us < ?", {before_us}));
    return impl_->write("DELETE FROM alarms WHERE active = 0 AND end_us < ?", {before_us});
  });
}

Json AuditEntry::to_json() const {
  return Json::object({{"sequence", sequence},
                       {"time_us", time_us},
                       {"time", rfc3339(time_us)},
                       {"actor", actor},
                       {"model", model},
                       {"version", version},
                       {"action", action},
                       {"detail", detail}});
}

}  // namespace slipway
