// What: lists of the admin API as CSV for spreadsheets.
// Promise: pure; no cell is taken for a formula (common/web/csv_cell.h). Times are UTC.
// Thread: any.
#pragma once

#include <string>
#include <vector>

#include "agent/admin/admin.h"
#include "agent/api/admin_answers.h"

namespace tillrelay::api {

std::string EventsCsvHead();
void AddEventRows(const admin::EventPage& page, std::string* out);
std::string DaysCsv(const std::vector<admin::DayRow>& days);
// One line a figure, a total and a late document; the first column says which, and how many came
// late.
std::string SheetCsv(const admin::DaySheet& sheet);
std::string TicketsCsv(const admin::TicketPage& page);

http::Response CsvResponse(const std::string& file_name, std::string csv);

// A reply that writes its value with `csv` and sends it as a file of that name.
template <class T, class Csv>
admin::Reply<T> AnsweringCsv(const http::Responder& responder, std::string file_name, Csv csv) {
  return [responder, file_name = std::move(file_name), csv](Result<T> result) {
    responder.Send(
        Secured(result.ok() ? CsvResponse(file_name, csv(*result)) : FromStatus(result.status())));
  };
}

}  // namespace tillrelay::api
