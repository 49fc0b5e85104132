// What: finds payment card numbers in text, so that none is ever stored or logged.
// How: a run is a sequence of digits (ASCII or full-width) with at most two separators in a row
//   between them (space, no-break space, hyphen, dot, slash). Candidates of 13 to 19 digits are the
//   whole run, any single group in it, and neighbouring groups of 3 to 7 digits each (4111 1111
//   1111 1111 12/28). A candidate is a card number if an issuer's prefix and length and the Luhn
//   digit fit. Letters beside it change nothing. Track data is found by its sentinels.
// Exempt: a group that is a valid GTIN of 8, 12, 13 or 14 digits or an SSCC of 18 (GS1 check
// digit). Promise: pure. The measured rate of false hits on random GTIN-13 and SSCC values is 0.
// Thread: any.
#pragma once

#include <string>
#include <string_view>

namespace tillrelay::guard {

bool ContainsCard(std::string_view text);

// Replaces every hit by [REDACTED-PAN] and says how many there were.
size_t Redact(std::string* text);

// The same as a function, for documents, file names and log lines.
std::string Scrub(std::string_view text);
std::string ScrubLine(std::string_view line);

}  // namespace tillrelay::guard
