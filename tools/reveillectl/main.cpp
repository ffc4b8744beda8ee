#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "tools/reveillectl/subcommands.h"

// reveillectl: the operator's tool. Speaks to reveilled over its admin socket only.
// Exit codes: 0 done, 1 something failed, 2 wrong usage.
namespace reveille {

namespace {

struct Arguments {
  std::string socket = "/run/reveille/admin.sock";
  bool json = false;
  std::string id, uuid, name;
  std::vector<std::string> ids;
  bool all = false;
  bool no_push = false;
  ListEnrolments list;
  SendCommand send;
  std::vector<std::string> words;  // REQUEST_TYPE IDS...
  std::vector<std::filesystem::path> files;
  bool replace_topic = false;
  CreateLinks links;
  StartBatch batch;
  ListBatches batch_list;
};

using Run = std::function<int(const Session&)>;

void add_enrolments(CLI::App& app, Arguments& arguments, Run& run) {
  CLI::App* enrolments = app.add_subcommand("enrolments", "Devices and users under management");
  enrolments->require_subcommand(1);
  CLI::App* list = enrolments->add_subcommand("list", "One line each");
  list->add_option("--state", arguments.list.state, "Only these")
      ->check(CLI::IsMember({"pending", "enrolled", "ended"}));
  list->add_option("--limit", arguments.list.limit, "At most so many");
  list->callback([&] {
    run = [&](const Session& session) { return list_enrolments(session, arguments.list); };
  });
  CLI::App* show = enrolments->add_subcommand("show", "All that is known of one");
  show->add_option("ID", arguments.id)->required();
  show->callback(
      [&] { run = [&](const Session& session) { return show_enrolment(session, arguments.id); }; });
}

// `command send REQUEST_TYPE ID...`, or with --file only IDs.
void read_send_words(Arguments& arguments) {
  arguments.send.all = arguments.all;
  arguments.send.push = !arguments.no_push;
  auto first = arguments.words.begin();
  if (arguments.send.file.empty()) {
    if (first == arguments.words.end()) {
      throw CLI::RequiredError("a REQUEST_TYPE such as DeviceInformation, or --file,");
    }
    arguments.send.request_type = *first++;
  } else if (!arguments.send.parameters.empty()) {
    throw CLI::ValidationError("--parameter", "goes with a REQUEST_TYPE, not with --file");
  }
  arguments.send.ids.assign(first, arguments.words.end());
  if (arguments.send.ids.empty() != arguments.all) {
    throw CLI::ValidationError("IDS", "name at least one enrolment, or all of them with --all");
  }
}

void add_uuid(CLI::App& app, SendCommand& options) {
  app.add_option("--uuid", options.uuid,
                 "The command's UUID, to repeat a request whose answer was lost: whoever has the "
                 "command does not get it twice")
      ->excludes(app.get_option("--file"));
}

void add_commands(CLI::App& app, Arguments& arguments, Run& run) {
  CLI::App* command = app.add_subcommand("command", "Commands and their answers");
  command->require_subcommand(1);
  CLI::App* send = command->add_subcommand("send", "Queue a command and wake its devices");
  send->add_option("REQUEST_TYPE_AND_IDS", arguments.words,
                   "A request type such as DeviceInformation, then enrolment ids; with --file ids "
                   "only");
  send->add_option("--parameter", arguments.send.parameters,
                   "key=text, key:=JSON or key=@file (the file's bytes); repeatable")
      ->allow_extra_args(false);
  send->add_option("--file", arguments.send.file, "A command property list, sent as it is");
  send->add_flag("--all", arguments.all,
                 "To everyone who is enrolled; more than 1,000: as a batch");
  add_uuid(*send, arguments.send);
  send->add_flag("--no-push", arguments.no_push, "Queue only; devices get it when they next come");
  send->callback([&] {
    read_send_words(arguments);
    run = [&](const Session& session) { return send_command(session, arguments.send); };
  });
  CLI::App* show = command->add_subcommand("show", "What became of a command at one enrolment");
  CLI::App* result = command->add_subcommand("result", "What the device answered, as it sent it");
  CLI::App* cancel = command->add_subcommand("cancel", "Take it back, unless it has ended");
  for (CLI::App* one : {show, result, cancel}) {
    one->add_option("ID", arguments.id)->required();
    one->add_option("COMMAND_UUID", arguments.uuid)->required();
  }
  show->callback([&] {
    run = [&](const Session& session) {
      return show_command(session, arguments.id, arguments.uuid);
    };
  });
  result->callback([&] {
    run = [&](const Session& session) {
      return show_result(session, arguments.id, arguments.uuid);
    };
  });
  cancel->callback([&] {
    run = [&](const Session& session) {
      return cancel_command(session, arguments.id, arguments.uuid);
    };
  });
}

void read_batch_words(Arguments& arguments) {
  StartBatch& batch = arguments.batch;
  auto first = arguments.words.begin();
  if (batch.send.file.empty()) {
    if (first == arguments.words.end()) {
      throw CLI::RequiredError("a REQUEST_TYPE such as DeviceInformation, or --file,");
    }
    batch.send.request_type = *first++;
  } else if (!batch.send.parameters.empty()) {
    throw CLI::ValidationError("--parameter", "goes with a REQUEST_TYPE, not with --file");
  }
  batch.send.ids.assign(first, arguments.words.end());
  batch.send.all = arguments.all;
  const int audiences = (batch.send.ids.empty() ? 0 : 1) + (batch.ids_file.empty() ? 0 : 1) +
                        (batch.send.all ? 1 : 0);
  if (audiences != 1) {
    throw CLI::ValidationError("IDS",
                               "name enrolments, or a file of them with --ids-file, or all "
                               "of them with --all");
  }
}

void add_batch_start(CLI::App& batches, Arguments& arguments, Run& run) {
  CLI::App* start = batches.add_subcommand("start", "Queue a command for a large audience");
  StartBatch& batch = arguments.batch;
  start->add_option("REQUEST_TYPE_AND_IDS", arguments.words,
                    "A request type such as DeviceInformation, then enrolment ids; with --file ids "
                    "only");
  start
      ->add_option("--parameter", batch.send.parameters,
                   "key=text, key:=JSON or key=@file (the file's bytes); repeatable")
      ->allow_extra_args(false);
  start->add_option("--file", batch.send.file, "A command property list, sent as it is");
  add_uuid(*start, batch.send);
  start->add_option("--ids-file", batch.ids_file, "Enrolment ids, one a line");
  CLI::Option* all = start->add_flag("--all", arguments.all, "To everyone who is enrolled then");
  start->add_option("--kind", batch.kind, "With --all: only these")
      ->check(CLI::IsMember({"device", "user", "any"}))
      ->needs(all);
  start->add_option("--rate", batch.rate_per_second, "Deliveries a second; without it, no limit")
      ->check(CLI::Range(1, 1'000'000));
  start
      ->add_option("--expires-in", batch.expires_in_seconds,
                   "Seconds until what has no answer is taken back")
      ->check(CLI::Range(1, 366 * 86'400));
  start->add_flag("--urgent", batch.urgent, "Ahead of all that is not urgent");
  start->add_flag("--watch", batch.watch, "Show the progress to its end");
  start->callback([&] {
    read_batch_words(arguments);
    run = [&](const Session& session) { return start_batch(session, arguments.batch); };
  });
}

void add_batches(CLI::App& app, Arguments& arguments, Run& run) {
  CLI::App* batches = app.add_subcommand("batch", "Commands for large audiences");
  batches->require_subcommand(1);
  add_batch_start(*batches, arguments, run);
  CLI::App* list = batches->add_subcommand("list", "One line each, the oldest first");
  list->add_option("--limit", arguments.batch_list.limit, "At most so many");
  list->callback([&] {
    run = [&](const Session& session) { return list_batches(session, arguments.batch_list); };
  });
  CLI::App* show = batches->add_subcommand("show", "What became of one");
  show->add_option("ID", arguments.id)->required();
  show->add_flag("--watch", arguments.batch.watch, "Show the progress to its end");
  show->callback([&] {
    run = [&](const Session& session) {
      return show_batch(session, arguments.id, arguments.batch.watch);
    };
  });
  const auto add_change = [&](const char* verb, const char* description) {
    CLI::App* change = batches->add_subcommand(verb, description);
    change->add_option("ID", arguments.id)->required();
    change->callback([&arguments, &run, verb] {
      run = [&arguments, verb](const Session& session) {
        return change_batch(session, arguments.id, verb);
      };
    });
  };
  add_change("pause", "Queue nothing more; what is queued goes on");
  add_change("resume", "Go on");
  add_change("cancel", "Queue nothing more, and take back what has no answer");
}

void add_certificates(CLI::App& app, Arguments& arguments, Run& run) {
  CLI::App* certificates = app.add_subcommand("certificate", "Identity certificates of devices");
  certificates->require_subcommand(1);
  CLI::App* list = certificates->add_subcommand("list", "One line each");
  list->add_option("--enrolment", arguments.id, "Only those tied to this device");
  list->callback([&] {
    run = [&](const Session& session) { return list_certificates(session, arguments.id); };
  });
  CLI::App* show = certificates->add_subcommand("show", "One, by its serial number or SHA-256");
  show->add_option("SERIAL", arguments.name)->required();
  show->callback([&] {
    run = [&](const Session& session) { return show_certificate(session, arguments.name); };
  });
  CLI::App* revoke = certificates->add_subcommand("revoke", "Refuse it from now on, for good");
  revoke->add_option("SERIAL", arguments.name, "Its serial number or SHA-256");
  revoke->add_option("--enrolment", arguments.id, "All that are tied to this device");
  revoke->callback([&] {
    if (arguments.name.empty() == arguments.id.empty()) {
      throw CLI::ValidationError("SERIAL", "name one certificate, or a device with --enrolment");
    }
    run = [&](const Session& session) {
      return arguments.name.empty() ? revoke_certificates_of(session, arguments.id)
                                    : revoke_certificate(session, arguments.name);
    };
  });
}

void add_others(CLI::App& app, Arguments& arguments, Run& run) {
  app.add_subcommand("status", "How the server is")->callback([&] { run = show_status; });
  CLI::App* waking = app.add_subcommand("wake", "Push devices now, with or without work");
  waking->add_option("IDS", arguments.ids);
  waking->add_flag("--all", arguments.all, "Everyone who is enrolled");
  waking->callback([&] {
    if (arguments.ids.empty() != arguments.all) {
      throw CLI::ValidationError("IDS", "name at least one enrolment, or all of them with --all");
    }
    run = [&](const Session& session) { return wake(session, arguments.ids, arguments.all); };
  });

  CLI::App* certificate = app.add_subcommand("push-certificate", "What Apple knows you by");
  certificate->require_subcommand(1);
  CLI::App* set = certificate->add_subcommand("set", "Store a certificate with its key");
  set->add_option("FILE", arguments.files, "PEM: certificate and key, in one file or two")
      ->required();
  set->add_flag("--replace-topic", arguments.replace_topic,
                "Also of another topic than devices have: they have to enrol again");
  set->callback([&] {
    run = [&](const Session& session) {
      const auto change = arguments.replace_topic ? TopicChange::wanted : TopicChange::refused;
      return set_push_certificate(session, arguments.files, change);
    };
  });
  certificate->add_subcommand("show", "Topics and expiry")->callback([&] {
    run = show_push_certificates;
  });

  CLI::App* link = app.add_subcommand("enrolment-link", "A URL that enrols one device");
  link->add_option("--count", arguments.links.count, "How many")->check(CLI::Range(1, 1'000'000));
  link->add_option("--valid-hours", arguments.links.valid_hours, "How long they work")
      ->check(CLI::Range(0.1, 8'760.0));
  link->callback([&] {
    run = [&](const Session& session) { return create_enrolment_links(session, arguments.links); };
  });
}

// The last subcommand that was understood, or the whole.
const CLI::App& innermost(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.front());
}

// `reveillectl batch stop`: which word it is, and which would do; empty when none is missing.
std::string missing_subcommand(const CLI::App& app) {
  const CLI::App& at = innermost(app);
  if (at.get_require_subcommand_min() == 0) return "";
  std::string known;
  for (const CLI::App* one : at.get_subcommands([](const CLI::App*) { return true; })) {
    known += (known.empty() ? "" : ", ") + one->get_name();
  }
  const std::string after = at.get_parent() == nullptr ? "" : " after \"" + at.get_name() + "\"";
  const std::vector<std::string> unknown = app.remaining(true);
  const std::string wrong =
      unknown.empty() ? "a word is missing" : "\"" + unknown.front() + "\" is not known";
  return wrong + after + "; known: " + known;
}

int run_reveillectl(int count, char** words) {
  CLI::App app("The operator's tool of reveille.", "reveillectl");
  Arguments arguments;
  Run run;
  app.add_option("--socket", arguments.socket, "The admin socket of reveilled")
      ->envname("REVEILLE_SOCKET")
      ->capture_default_str();
  app.add_flag("--json", arguments.json, "Print the server's JSON");
  app.set_version_flag("--version", REVEILLE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  add_enrolments(app, arguments, run);
  add_commands(app, arguments, run);
  add_batches(app, arguments, run);
  add_certificates(app, arguments, run);
  add_others(app, arguments, run);
  try {
    app.parse(count, words);
  } catch (const CLI::RequiredError& error) {
    const std::string missing = missing_subcommand(app);
    if (missing.empty()) {
      app.exit(error);
    } else {
      std::fprintf(stderr, "reveillectl: %s\n", missing.c_str());
    }
    return 2;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const Session session{.client = AdminClient(arguments.socket),
                        .output = arguments.json ? Output::json : Output::table};
  return run(session);
}

}  // namespace

}  // namespace reveille

int main(int count, char** words) {
  try {
    return reveille::run_reveillectl(count, words);
  } catch (const std::exception& error) {
    // An answer that is not what this version expects.
    std::fprintf(stderr, "reveillectl: %s\n", error.what());
    return 1;
  }
}
