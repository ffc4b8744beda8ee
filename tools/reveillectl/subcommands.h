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
  std::filesystem::path file;
  std::vector<std::string> parameters;  // key=text, key:=JSON, key=@file
  std::vector<std::string> ids;
  bool all = false;
  bool push = true;
};
int send_command(const Session& session, const SendCommand& options);
int show_command(const Session& session, const std::string& id, const std::string& uuid);
int cancel_command(const Session& session, const std::string& id, const std::string& uuid);
int wake(const Session& session, const std::vector<std::string>& ids, bool all);

int set_push_certificate(const Session& session, const std::vector<std::filesystem::path>& files);
int show_push_certificates(const Session& session);

struct CreateLinks {
  std::int64_t count = 1;
  double valid_hours = 24;
};
int create_enrolment_links(const Session& session, const CreateLinks& options);

}  // namespace reveille
