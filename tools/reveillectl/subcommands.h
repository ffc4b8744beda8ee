#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tools/reveillectl/admin_client.h"

namespace reveille {

// How a subcommand was asked to answer.
enum class Output { table, json };

// What a subcommand works with. Each returns the exit code: 0, or 1 when something failed.
struct Session {
  AdminClient client;
  Output output = Output::table;
};

int show_status(const Session& session);

struct ListEnrolments {
  std::string state;      // empty: all
  std::size_t limit = 0;  // 0: all
};
int list_enrolments(const Session& session, const ListEnrolments& options);
int show_enrolment(const Session& session, const std::string& id);

struct SendCommand {
  std::string request_type;  // or a file
  std::filesystem::path file;           // which holds the command's UUID
  std::string uuid;                     // empty: a new one
  std::vector<std::string> parameters;  // key=text, key:=JSON, key=@file
  std::vector<std::string> ids;
  bool all = false;
  bool push = true;
};
int send_command(const Session& session, const SendCommand& options);
// Byte for byte, on the standard output.
int show_result(const Session& session, const std::string& id, const std::string& uuid);
int show_command(const Session& session, const std::string& id, const std::string& uuid);
int cancel_command(const Session& session, const std::string& id, const std::string& uuid);
int wake(const Session& session, const std::vector<std::string>& ids, bool all);

// A command for an audience of any size, which the daemon carries out in its own time.
struct StartBatch {
  SendCommand send;  // the command; `ids` or `all`
  std::filesystem::path ids_file;
  std::string kind = "any";             // of whom `all` means
  std::uint32_t rate_per_second = 0;    // 0: no limit
  std::int64_t expires_in_seconds = 0;  // 0: never
  bool urgent = false;
  bool watch = false;
};
int start_batch(const Session& session, const StartBatch& options);

struct ListBatches {
  std::size_t limit = 0;  // 0: all
};
int list_batches(const Session& session, const ListBatches& options);
int show_batch(const Session& session, const std::string& id, bool watch);
// `verb`: pause, resume or cancel.
int change_batch(const Session& session, const std::string& id, const std::string& verb);

// A certificate of another topic than the one in use leaves enrolled devices asleep.
enum class TopicChange { refused, wanted };
int set_push_certificate(const Session& session, const std::vector<std::filesystem::path>& files,
                         TopicChange change);
int show_push_certificates(const Session& session);

// Identity certificates, named by serial number or SHA-256. `enrolment`: empty: all.
int list_certificates(const Session& session, const std::string& enrolment);
int show_certificate(const Session& session, const std::string& name);
int revoke_certificate(const Session& session, const std::string& name);
int revoke_certificates_of(const Session& session, const std::string& enrolment);

struct CreateLinks {
  std::int64_t count = 1;
  double valid_hours = 24;
};
int create_enrolment_links(const Session& session, const CreateLinks& options);

}  // namespace reveille
