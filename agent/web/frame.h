// What: what every page has around its content: head, navigation, the state in a line, who is
//   signed in.
// Promise: pure; every text from outside is escaped; nothing inline, so the strict content security
//   policy of routes.h holds. Complete without a script. It is in the language that is spoken.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

#include "agent/access/principal.h"
#include "agent/web/page_context.h"
#include "common/language/text.h"

namespace tillrelay::web {

using access::Principal;

struct FrameParts {
  std::string_view view;         // the navigation's entry: "/events"; "" for a page beside it
  strings::Text title;           // in words
  bool renews = false;           // without a script the browser asks again every few seconds
  std::string_view target = {};  // where it is shown again in another language; empty: at `view`
};

// A whole document around `content`, which is markup of ours (inside <main>).
std::string FrameHtml(const PageContext& context, const Principal& viewer, const FrameParts& parts,
                      std::string_view content);

// A document for who is not signed in and asks for no figures: the login.
std::string PlainFrameHtml(strings::Text title, std::string_view target, std::string_view content);

// "<input type=hidden name=csrf ...>", or nothing where the viewer needs none.
std::string CsrfField(const Principal& viewer);

// A form that changes something. Every one is made here, so that the page offers nothing that the
// viewer may not do: without the role `operate` it is empty. `fields` is markup of ours.
struct ActionParts {
  std::string_view path;     // "/replays"
  std::string_view context;  // class
  std::string_view id = {};  // for fields that stand outside of it
};
std::string ActionForm(const Principal& viewer, const ActionParts& parts, std::string_view fields);

// Pieces of the frame that live updates replace, by the element's id.
std::string StateLine(const PageContext& context);       // "state"
std::string QuarantineMark(const PageContext& context);  // "quarantine-count"

}  // namespace tillrelay::web
