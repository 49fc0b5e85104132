// The `tillrelay` command.
#include "agent/cli/command_table.h"

int main(int argc, char** argv) { return tillrelay::cli::CommandTable().Run(argc, argv); }
