#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tools/simulators/apns/wire/push_session.h"

namespace reveille::simulators::apns::wire {

// Owns a PushSession, answers what its test tells it to, and keeps a record.
class Apple final : public PushSession::Events {
 public:
  explicit Apple(const SessionSettings& settings = {}, bool strict = false)
      : session(*this, settings, strict) {}

  void on_head(const PushHead& head, Push& push) override {
    push.token = head.path.value_or("");
    push.id = head.id.value_or("");
    topics.insert(std::string(head.topic.value_or("")));
  }
  void on_push(StreamId stream, Push& push) override {
    pushes.emplace_back(stream, push.body);
    if (answers) session.accept(stream);
  }
  void on_withdrawn(StreamId stream, Push&) override { withdrawn.push_back(stream); }
  void on_turned_away(Push& push) override { turned_away.push_back(push.token); }
  void on_broken_rule(BytesView rule) override { broken.insert(std::string(rule)); }
  void on_ping() override { ++pings; }

  std::vector<std::pair<StreamId, std::string>> pushes;
  std::vector<StreamId> withdrawn;
  std::vector<std::string> turned_away;
  std::set<std::string> broken, topics;
  int pings = 0;
  bool answers = true;
  PushSession session;
};

}  // namespace reveille::simulators::apns::wire
