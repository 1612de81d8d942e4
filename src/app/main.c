/* main: the command line to action; nothing else. */
#include "app/commands.h"

int main(int argc, char **argv)
{
    return command_run(argc, argv);
}
