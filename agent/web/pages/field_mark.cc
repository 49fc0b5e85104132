#include "agent/web/pages/field_mark.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace tillrelay::web {
namespace {

constexpr int kMaxDepth = 64;

struct Step {
  std::string_view name;
  std::optional<size_t> index;
};

// "data.lines[0].uom" -> data, lines [0], uom
std::vector<Step> StepsOf(std::string_view field) {
  std::vector<Step> steps;
  while (!field.empty()) {
    std::string_view part = field.substr(0, field.find('.'));
    field.remove_prefix(std::min(field.size(), part.size() + 1));
    Step step{part, std::nullopt};
    const size_t bracket = part.find('[');
    if (bracket != std::string_view::npos) {
      size_t number = 0;
      const auto [end, error] =
          std::from_chars(part.data() + bracket + 1, part.data() + part.size(), number);
      step.name = part.substr(0, bracket);
      if (error == std::errc() && end != part.data() + part.size()) step.index = number;
    }
    steps.push_back(step);
  }
  return steps;
}

// Walks JSON that need not be well-formed; a place past the end means: not found.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view text) : text_(text) {}

  std::optional<Mark> Find(const std::vector<Step>& steps) const {
    Mark found{SkipBlank(0), 0};
    found.end = End(found.begin, 0);
    bool moved = false;
    for (const Step& step : steps) {
      auto next = step.name.empty() ? std::optional<Mark>(found) : Member(found, step.name);
      if (next && step.index) next = Element(*next, *step.index);
      if (!next) break;
      found = *next;
      moved = true;
    }
    // The whole document is no place.
    if (!moved || found.end > text_.size() || found.begin >= found.end) return std::nullopt;
    return found;
  }

 private:
  size_t SkipBlank(size_t at) const {
    return std::min(text_.find_first_not_of(" \n\r\t,:", at), text_.size());
  }
  // Behind the string that begins at `at`.
  size_t StringEnd(size_t at) const {
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == '"') {
        return at + 1;
      }
    }
    return text_.size() + 1;
  }
  // Behind the value that begins at `at`.
  size_t End(size_t at, int depth) const {
    if (at >= text_.size() || depth > kMaxDepth) return text_.size() + 1;
    if (text_[at] == '"') return StringEnd(at);
    if (text_[at] != '{' && text_[at] != '[') {
      return std::min(text_.find_first_of(" \n\r\t,:]}", at), text_.size());
    }
    const char close = text_[at] == '{' ? '}' : ']';
    for (at = SkipBlank(at + 1); at < text_.size() && text_[at] != close;) {
      const size_t end = End(at, depth + 1);
      if (end <= at) return text_.size() + 1;
      at = SkipBlank(end);
    }
    return at + 1;
  }
  std::optional<Mark> Member(const Mark& in, std::string_view name) const {
    if (in.begin >= text_.size() || text_[in.begin] != '{') return std::nullopt;
    for (size_t at = SkipBlank(in.begin + 1); at < in.end && at < text_.size();) {
      const size_t key_end = End(at, 0), value = SkipBlank(key_end), end = End(value, 0);
      if (key_end > text_.size() || end > text_.size() || end <= value) break;
      if (key_end - at == name.size() + 2 && text_.substr(at + 1, name.size()) == name) {
        return Mark{value, end};
      }
      at = SkipBlank(end);
    }
    return std::nullopt;
  }
  std::optional<Mark> Element(const Mark& in, size_t index) const {
    if (in.begin >= text_.size() || text_[in.begin] != '[') return std::nullopt;
    for (size_t at = SkipBlank(in.begin + 1); at < in.end && at < text_.size();) {
      const size_t end = End(at, 0);
      if (end > text_.size() || end <= at) break;
      if (index-- == 0) return Mark{at, end};
      at = SkipBlank(end);
    }
    return std::nullopt;
  }

  const std::string_view text_;
};

bool EndsName(char c) {
  return c == ' ' || c == '>' || c == '/' || c == '\n' || c == '\r' || c == '\t';
}

// The opening tag of that name from `from` on, with or without a prefix.
std::optional<Mark> Tag(std::string_view text, std::string_view name, size_t from) {
  for (size_t at = text.find(name, from); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const size_t end = at + name.size(), open = text.rfind('<', at);
    if (open == std::string_view::npos || end >= text.size() || !EndsName(text[end])) continue;
    const std::string_view prefix = text.substr(open + 1, at - open - 1);
    if (!prefix.empty() && (prefix.back() != ':' || prefix.front() == '/')) continue;
    return Mark{open, std::min(text.find('>', end), text.size() - 1) + 1};
  }
  return std::nullopt;
}

// With its text, where the element holds nothing but text.
Mark WithText(std::string_view text, const Mark& tag) {
  const size_t next = text.find('<', tag.end);
  const bool closed_itself = tag.end >= 2 && text[tag.end - 2] == '/';
  if (closed_itself || next == std::string_view::npos || text.substr(next, 2) != "</") return tag;
  const size_t end = text.find('>', next);
  return end == std::string_view::npos ? tag : Mark{tag.begin, end + 1};
}

std::optional<Mark> FindXml(std::string_view text, const std::vector<Step>& steps) {
  std::optional<Mark> found;
  size_t from = 0;
  for (const Step& step : steps) {
    if (step.name.empty()) continue;
    std::optional<Mark> next = Tag(text, step.name, from);
    for (size_t i = 1; next && i < step.index.value_or(1); ++i) {
      next = Tag(text, step.name, next->end);
    }
    if (!next) break;
    found = next;
    from = next->end;
  }
  return found ? WithText(text, *found) : found;
}

std::optional<Mark> FindLine(std::string_view text, std::string_view number) {
  size_t line = 0, at = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), line);
  if (error != std::errc() || line == 0) return std::nullopt;
  while (--line > 0) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return std::nullopt;
    ++at;
  }
  const Mark mark{at, std::min(text.find('\n', at), text.size())};
  return mark.begin < mark.end ? std::optional<Mark>(mark) : std::nullopt;
}

char First(std::string_view text) {
  const size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

// Puts JSON on lines, byte by byte.
class Layout {
 public:
  std::string Run(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      const bool is_empty = i + 1 < text.size() && (text[i + 1] == '}' || text[i + 1] == ']');
      if (in_string_) {
        Quoted(text[i]);
      } else {
        Plain(text[i], is_empty);
      }
    }
    return std::move(out_);
  }

 private:
  void Quoted(char c) {
    out_ += c;
    if (c == '"' && !escaped_) in_string_ = false;
    escaped_ = c == '\\' && !escaped_;
  }
  void Plain(char c, bool is_empty) {
    const bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return;
    if (closes && depth_ > 0) {
      --depth_;
      if (out_.back() != '{' && out_.back() != '[') Line();
    }
    out_ += c;
    in_string_ = c == '"';
    if (c == ':') out_ += ' ';
    if (opens) ++depth_;
    if (c == ',' || (opens && !is_empty)) Line();
  }
  void Line() { out_.append(1, '\n').append(2 * std::min<size_t>(depth_, kMaxDepth), ' '); }

  std::string out_;
  size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

// XML that stands in one line, with a line for each element. Only between two tags is a line end no
// text; an element that holds none stays as it is.
std::string XmlOnLines(std::string_view text) {
  std::string out;
  size_t depth = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '<' ? std::min(text.find('>', at), text.size() - 1) + 1
                                       : std::min(text.find('<', at), text.size());
    const std::string_view part = text.substr(at, end - at);
    const bool closes = part.starts_with("</");
    const bool opens = part.size() > 1 && part[0] == '<' && !closes && part[1] != '?' &&
                       part[1] != '!' && !part.ends_with("/>");
    if (closes && depth > 0) --depth;
    out += part;
    if (opens) ++depth;
    at = end;
    if (!part.ends_with('>') || !text.substr(at).starts_with('<')) continue;
    const bool next_closes = text.substr(at).starts_with("</");
    if (opens && next_closes) continue;  // <a></a>
    const size_t indent = depth - (next_closes && depth > 0 ? 1 : 0);
    out.append(1, '\n').append(2 * std::min<size_t>(indent, kMaxDepth), ' ');
  }
  return out;
}

}  // namespace

std::optional<Mark> FindField(std::string_view document, std::string_view field) {
  if (field.empty()) return std::nullopt;
  if (field.starts_with("line ")) return FindLine(document, field.substr(5));
  const auto steps = StepsOf(field);
  switch (First(document)) {
    case '{':
    case '[':
      return JsonWalk(document).Find(steps);
    case '<':
      return FindXml(document, steps);
    default:
      return std::nullopt;
  }
}

std::string LaidOut(std::string_view document) {
  const char first = First(document);
  const bool has_lines = std::count(document.begin(), document.end(), '\n') > 3;
  if (has_lines) return std::string(document);
  // A comment or a CDATA section may hold what looks like tags.
  if (first == '<' && document.find("<!") == std::string_view::npos) return XmlOnLines(document);
  return first == '{' || first == '[' ? Layout().Run(document) : std::string(document);
}

}  // namespace tillrelay::web
