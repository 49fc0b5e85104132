# The release and the sanitizers' builds compile the sources of a room or of a test a dozen at a time
# (CMAKE_UNITY_BUILD in the presets): a fifth to a third of the time. These stay apart, because a helper of
# their own shares its name with a neighbour's. A new pair of that kind is an error of those builds: rename
# one, or add it here.
set(sources_apart
  agent/capture/http_intake.cc
  agent/cli/doctor/place_checks.cc
  agent/cli/list_commands.cc
  agent/cli/register_command.cc
  agent/cli/send_command.cc
  agent/cli/status_command.cc
  agent/config/csv_suggest.cc
  agent/config/reach.cc
  agent/formats/epcis.cc
  agent/formats/format.cc
  agent/formats/gs1_names.cc
  agent/formats/json_events.cc
  agent/formats/poslog/lines.cc
  agent/formats/poslog/receipt_state.cc
  agent/formats/poslog/xml_reader.cc
  agent/journal/age/observed_time.cc
  agent/journal/issue_table.cc
  agent/journal/query/history.cc
  agent/journal/query/search_backwards.cc
  agent/journal/repair/backup.cc
  agent/journal/repair/raw_rows.cc
  agent/journal/repair/take_over.cc
  agent/journal/repair/verify.cc
  agent/monitor/history.cc
  agent/web/pages/day_sheet_view.cc
  agent/web/pages/document_fields.cc
  agent/web/pages/field_mark.cc
  agent/web/pages/list_views.cc
  agent/web/pages/quarantine_list.cc
  agent/web/pages/quarantine_view.cc
  agent/web/pages/receipt_view.cc
  agent/web/pages/system_view.cc
  agent/web/quarantine_forms.cc
  agent/web/tiles.cc
  collector/db/sqlite_sql.cc
  collector/exceptions/detectors.cc
  collector/exceptions/exception_table.cc
  collector/exceptions/sweep.cc
  collector/intake/store.cc
  collector/intake/store_losses.cc
  collector/ledger/changes.cc
  collector/ledger/store_days.cc
  collector/sinks/sink_states.cc
  collector/sinks/sink_table.cc
  collector/sinks/webhook_url.cc
  collector/sinks/witness.cc
  collector/web/days_page.cc
  collector/web/exceptions_page.cc
  collector/web/page.cc
  collector/web/routes.cc
  collector/web/sinks_page.cc
  collector/web/sinks_view.cc
  collector/web/stock_view.cc
  collector/web/views.cc
  common/base/json_walk.cc
  common/event/gs1_code.cc
  common/http/answer_parser.cc
  common/http/client_tls.cc
  common/http/own_certificate.cc
  common/http/server.cc
  common/http/tls_check.cc
  tests/model/cuts_story.cc
  tests/unit/agent/journal/journal_damage_again_test.cc
  tests/unit/agent/monitor/history_test.cc
  tests/unit/agent/monitor/latency_meter_test.cc
  tests/unit/agent/monitor/rate_meter_test.cc
  tests/unit/agent/reconcile/numbering_test.cc
  tests/unit/agent/reconcile/restart_test.cc
  tests/unit/agent/web/receipt_view_test.cc
  tests/unit/common/base/rate_limited_log_test.cc
  tests/unit/common/http/http_limits_test.cc
  tests/unit/common/http/http_tls_test.cc
)

function(tillrelay_keep_apart)
  foreach(source ${ARGN})
    cmake_path(ABSOLUTE_PATH source NORMALIZE OUTPUT_VARIABLE path)
    cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    if(path IN_LIST sources_apart)
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()
