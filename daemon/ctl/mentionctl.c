/* SPDX-License-Identifier: MIT
 *
 * mentionctl(1): asks a running mentiond through its control socket and shows the answer.
 */
#include <mentiond/json.h>

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_DEFAULT "/run/mentiond/control"
#define ANSWER_SECONDS 30        /* a change waits for the disk */

#define WHAT_WIDTH 40            /* a longer one moves the text of its own line */
#define TOKEN_MAX 2000           /* bytes; the request has 4096 in all */
#define EXIT_UNCLEAR 3           /* nothing is wrong, but not all is known to be well, or done */

enum argument { NONE, ID, NAME, FILE_NAME, ANY_NAME };

static const struct {
        const char *name;
        enum argument argument;
        const char *help;
} commands[] = {
        { "status", NONE, "what runs, and how it is" },
        { "queue", NONE, "what is to be done, held or dead" },
        { "show", ID, "all that is known of one row" },
        { "retry", ID, "do a held or dead row again" },
        { "drop", ID, "do it never" },
        { "pause", NAME, "stop an instance until it is resumed" },
        { "resume", NAME, "start it again; also one whose credentials were refused" },
        { "poll", NAME, "look for what is new, now" },
        { "backup", FILE_NAME, "copy the store, while mentiond runs" },
        { "doctor", ANY_NAME, "check everything live, and say what to do" },
        { "provision", NAME, "prepare a helpdesk, after showing how" },
};

static void usage(FILE *f)
{
        static const char *const words[] = {
                [NONE] = "", [ID] = "ID", [NAME] = "NAME", [FILE_NAME] = "FILE", [ANY_NAME] = "[NAME]",
        };

        fputs("Usage: mentionctl [-s SOCKET] COMMAND [--json]\n\n", f);
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
                fprintf(f, "  %-9s %-6s %s\n", commands[i].name,
                        words[commands[i].argument], commands[i].help);
        fputs("\n  -s, --socket SOCKET  where mentiond listens; default " SOCKET_DEFAULT "\n"
              "      --state STATE    of queue: rows in this state only\n"
              "      --json           the answer as it came\n"
              "      --yes            of provision: do not ask\n"
              "      --remove         of provision: take down what it made\n"
              "      --with-data      with --remove: also what holds data of tickets\n"
              "      --token FILE     of provision: an administrator's token for the helpdesk\n"
              "      --hook-url URL   of provision: where the helpdesk reaches mentiond\n\nSee mentionctl(1).\n", f);
}

/* As long as the store is large, or as others take. */
static bool takes_long(const char *command)
{
        return !strcmp(command, "backup") || !strcmp(command, "doctor") || !strcmp(command, "provision");
}

static struct json_object *ask(const char *path, struct json_object *request)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct json_tokener *tok = json_tokener_new();
        struct json_object *answer = NULL;
        const char *line = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
        char chunk[16384];
        ssize_t n = 0;
        int fd;

        if (strlen(path) >= sizeof address.sun_path) {
                fprintf(stderr, "mentionctl: %s is too long for a socket\n", path);
                exit(2);
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *) &address, sizeof address) < 0) {
                fprintf(stderr, "mentionctl: cannot reach mentiond at %s: %s%s\n", path, strerror(errno),
                        errno == ENOENT || errno == ECONNREFUSED ? " (does it run?)" : "");
                exit(EXIT_FAILURE);
        }
        if (!takes_long(mj_str(request, "command")))
                (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval) {
                        .tv_sec = ANSWER_SECONDS }, sizeof(struct timeval));
        if (dprintf(fd, "%s\n", line) < 0) {
                fprintf(stderr, "mentionctl: %s\n", strerror(errno));
                exit(EXIT_FAILURE);
        }
        while (!answer && (n = read(fd, chunk, sizeof chunk)) > 0)
                answer = json_tokener_parse_ex(tok, chunk, (int) n);
        json_tokener_free(tok);
        close(fd);
        if (!answer) {
                fprintf(stderr, "mentionctl: mentiond %s\n",
                        n < 0 ? "does not answer" : "closed the connection without an answer");
                exit(EXIT_FAILURE);
        }
        return answer;
}

static void show_status(struct json_object *answer)
{
        struct json_object *list = mj_get(answer, "instances");

        printf("mentiond %s, running since %s\n\n", mj_str(answer, "version"), mj_str(answer, "started"));
        printf("%-20s %-9s %-10s %-9s %-24s %s\n", "NAME", "KIND", "PLUGIN", "STATE", "LAST POLL", "TO DO");
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *one = mj_at(list, i);
                bool first = true;

                printf("%-20s %-9s %-10s %-9s %-24s ", mj_str(one, "name"), mj_str(one, "kind"), mj_str(one, "plugin"),
                       mj_str(one, "state"), *mj_str(one, "last_poll") ? mj_str(one, "last_poll") : "never");
                json_object_object_foreach(mj_get(one, "journal"), key, value) {
                        const char *state = strchr(key, '_') + 1;

                        printf("%s%s %.*s %s", first ? "" : ", ", json_object_get_string(value), (int) (state - 1 - key), key,
                               state);
                        first = false;
                }
                printf("%s\n", first ? "-" : "");
                if (*mj_str(one, "reason"))
                        printf("%-20s %s\n", "", mj_str(one, "reason"));
        }
        if (mj_int(answer, "owed", 0))
                printf("\nowed in public: %lld (conversations that were taken aside, and not ended in public)\n",
                       (long long) mj_int(answer, "owed", 0));
        if (mj_int(answer, "closing", 0))
                printf("\nclosing: %lld (posts that are not answered, and cannot be for long)\n",
                       (long long) mj_int(answer, "closing", 0));
}

static void show_queue(struct json_object *answer)
{
        struct json_object *list = mj_get(answer, "rows");

        printf("%-8s %-8s %-10s %-16s %-8s %-24s %s\n", "ID", "KIND", "STATE", "FOR", "ATTEMPT", "DUE", "REASON");
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *one = mj_at(list, i);

                printf("%-8s %-8s %-10s %-16s %-8s %-24s %s\n", mj_str(one, "id"), mj_str(one, "kind"), mj_str(one, "state"),
                       mj_str(one, "instance"), mj_str(one, "attempt"), *mj_str(one, "due") ? mj_str(one, "due") : "-",
                       mj_str(one, "reason"));
        }
        if (mj_true(answer, "more"))
                puts("... and more");
}

static void show_row(struct json_object *answer)
{
        json_object_object_foreach(mj_get(answer, "row"), key, value) {
                if (json_object_is_type(value, json_type_object))
                        printf("%s: %s\n", key,
                               json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
                else if (*json_object_get_string(value))
                        printf("%s: %s\n", key, json_object_get_string(value));
        }
}

/* What was found, one line for each; what is to be done by hand below it, as it can be copied. */
static void show_lines(struct json_object *answer)
{
        struct json_object *list = mj_get(answer, "lines");
        int name_width = 0, what_width = 0;

        for (size_t i = 0; i < mj_len(list); i++) {
                int name = (int) strlen(mj_str(mj_at(list, i), "instance")), what = (int) strlen(mj_str(mj_at(list, i), "what"));

                name_width = name > name_width ? name : name_width;
                what_width = what > what_width && what <= WHAT_WIDTH ? what : what_width;
        }
        for (size_t i = 0; i < mj_len(list); i++) {
                struct json_object *one = mj_at(list, i);
                const char *text = mj_str(one, "text");

                printf("%-7s  %-*s  %-*s  %.*s\n", mj_str(one, "finding"), name_width, mj_str(one, "instance"), what_width,
                       mj_str(one, "what"), (int) strcspn(text, "\n"), text);
                if (strchr(text, '\n'))
                        printf("%s\n", strchr(text, '\n') + 1);
        }
}

static int status_of(struct json_object *answer)
{
        if (mj_int(answer, "wrong", 0))
                return EXIT_FAILURE;
        return mj_int(answer, "unclear", 0) || mj_int(answer, "to_do", 0) ? EXIT_UNCLEAR : EXIT_SUCCESS;
}

/* An administrator's token: to be sent, and to be forgotten. */
static void put_token(struct json_object *request, const char *file)
{
        FILE *f = fopen(file, "re");
        char token[TOKEN_MAX + 2];

        if (!f || !fgets(token, sizeof token, f)) {
                fprintf(stderr, "mentionctl: cannot read a token from %s: %s\n", file,
                        f && !ferror(f) ? "it is empty" : strerror(errno));
                exit(2);
        }
        fclose(f);
        token[strcspn(token, "\r\n")] = '\0';
        if (!*token || strlen(token) > TOKEN_MAX) {
                fprintf(stderr, "mentionctl: the first line of %s is no token\n", file);
                exit(2);
        }
        mj_put_str(request, "token", token);
        explicit_bzero(token, sizeof token);
}

static bool agreed(bool remove)
{
        char line[16];

        printf("\n%s [y/N] ", remove ? "Take this down?" : "Do this?");
        fflush(stdout);
        return fgets(line, sizeof line, stdin) && (*line == 'y' || *line == 'Y');
}

/* mentiond has a working directory of its own. */
static void put_path(struct json_object *request, const char *file)
{
        char *here = *file == '/' ? NULL : getcwd(NULL, 0), *path = NULL;

        if ((*file != '/' && !here) || asprintf(&path, "%s%s%s", here ? here : "", here ? "/" : "", file) < 0) {
                fprintf(stderr, "mentionctl: %s: %s\n", file, strerror(errno));
                exit(EXIT_FAILURE);
        }
        mj_put_str(request, "file", path);
        free(here);
        free(path);
}

/* Shows first, and asks; returns the last answer. */
static struct json_object *provision(const char *path, struct json_object *request, bool yes, bool json)
{
        struct json_object *answer = ask(path, request);

        if (!mj_int(answer, "to_do", 0) || (!yes && (json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))))
                return answer;
        if (!json)
                show_lines(answer);
        if (!yes && !agreed(mj_true(request, "remove"))) {
                puts("Nothing was done.");
                exit(EXIT_UNCLEAR);
        }
        json_object_put(answer);
        mj_put_bool(request, "apply", true);
        if (!json)
                puts("");
        return ask(path, request);
}

static struct json_object *request_of(int argc, char **argv, const char *state)
{
        struct json_object *request;
        size_t i = 0, n = sizeof commands / sizeof commands[0];

        while (argc > 0 && i < n && strcmp(commands[i].name, argv[0]))
                i++;
        if (argc < 1 || i == n || argc > 2 || (argc == 2 ? commands[i].argument == NONE
                                                         : commands[i].argument != NONE && commands[i].argument != ANY_NAME)) {
                usage(stderr);
                exit(2);
        }
        request = json_object_new_object();
        mj_put_str(request, "command", argv[0]);
        mj_put_str(request, "state", state);
        if (argc == 2 && (commands[i].argument == NAME || commands[i].argument == ANY_NAME))
                mj_put_str(request, "name", argv[1]);
        if (commands[i].argument == FILE_NAME)
                put_path(request, argv[1]);
        if (commands[i].argument == ID) {
                char *end;
                long long id = strtoll(argv[1], &end, 10);

                if (*end || end == argv[1] || id <= 0) {
                        fprintf(stderr, "mentionctl: \"%s\" is no id; see mentionctl queue\n", argv[1]);
                        exit(2);
                }
                mj_put_int(request, "id", id);
        }
        return request;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "socket", required_argument, NULL, 's' }, { "json", no_argument, NULL, 'j' },
                { "state", required_argument, NULL, 't' },
                { "yes", no_argument, NULL, 'y' },          { "remove", no_argument, NULL, 'r' },
                { "with-data", no_argument, NULL, 'd' },    { "token", required_argument, NULL, 'k' },
                { "hook-url", required_argument, NULL, 'u' },
                { "version", no_argument, NULL, 'v' },      { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
        };
        const char *path = SOCKET_DEFAULT, *state = NULL, *token = NULL, *hook_url = NULL, *command;
        bool json = false, yes = false, remove = false, data = false, ok;
        struct json_object *request, *answer;
        int c, status;

        while ((c = getopt_long(argc, argv, "s:h", options, NULL)) >= 0)
                switch (c) {
                case 's':
                        path = optarg;
                        break;
                case 'j':
                        json = true;
                        break;
                case 't':
                        state = optarg;
                        break;
                case 'y':
                        yes = true;
                        break;
                case 'r':
                        remove = true;
                        break;
                case 'd':
                        data = true;
                        break;
                case 'k':
                        token = optarg;
                        break;
                case 'u':
                        hook_url = optarg;
                        break;
                case 'v':
                        puts("mentionctl " PACKAGE_VERSION);
                        return EXIT_SUCCESS;
                case 'h':
                        usage(stdout);
                        return EXIT_SUCCESS;
                default:
                        usage(stderr);
                        return 2;
                }
        request = request_of(argc - optind, argv + optind, state);
        command = mj_str(request, "command");
        if (strcmp(command, "provision") == 0) {
                mj_put_bool(request, "remove", remove);
                mj_put_bool(request, "data", data);
                mj_put_str(request, "hook_url", hook_url);
                if (token)
                        put_token(request, token);
        } else if (yes || remove || data || token || hook_url) {
                usage(stderr);
                return 2;
        }
        answer = strcmp(command, "provision") == 0 ? provision(path, request, yes, json) : ask(path, request);
        ok = mj_true(answer, "ok");
        status = ok ? status_of(answer) : EXIT_FAILURE;
        if (json)
                puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        else if (!ok)
                fprintf(stderr, "mentionctl: %s\n", mj_str(answer, "error"));
        else if (!strcmp(command, "status"))
                show_status(answer);
        else if (!strcmp(command, "queue"))
                show_queue(answer);
        else if (!strcmp(command, "show"))
                show_row(answer);
        else
                show_lines(answer);
        json_object_put(request);
        json_object_put(answer);
        return status;
}
