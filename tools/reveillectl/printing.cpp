#include "tools/reveillectl/printing.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tools/reveillectl/table.h"

namespace reveille {

int report(const Error& error) {
  const std::string line = "reveillectl: " + error.detail + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return 1;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Result<Bytes> read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream || std::filesystem::is_directory(file)) {
    return failure(ErrorCode::not_found,
                   file.string() + " cannot be read: " + std::strerror(errno));
  }
  return bytes;
}

Result<std::vector<std::string>> enrolled_ids(const AdminClient& client) {
  std::vector<std::string> ids;
  std::string after;
  while (true) {
    auto page = client.get("/v1/enrolments?state=enrolled&limit=1000&after=" + path_segment(after));
    if (!page) return std::unexpected(std::move(page.error()));
    for (const auto& enrolment : page->object.at("enrolments").as_array()) {
      ids.push_back(text_of(enrolment.as_object(), "id"));
    }
    if (!page->object.contains("next")) return ids;
    after = page->object.at("next").as_string().c_str();
  }
}

}  // namespace reveille
