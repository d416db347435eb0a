/* SPDX-License-Identifier: MIT
 *
 * What the plugins for helpdesks make of answers that a server gives rarely, or of which nothing is seen from outside: in the
 * world of the fuzz targets, whose servers answer from a text. */
#include "../fuzz/world.h"

#include <cmocka.h>

static const char *const zammads[] = {
        "plugin", "zammad", "url", "https://zammad.example", "token", "env:FUZZ_SECRET", "group", "Social", NULL,
};

#define ANSWER(line, body) line "\nHTTP/1.1 200 OK\n\n" body "\n----\n"

static struct mentiond_op op;
static struct mentiond_review found;
static int verdict;
static char *seen;               /* what the operation told of, in the memory of the test */

/* Tickets that the poll told to be closed, with their times. */
static void poll(void *data _unused_)
{
        op_begin(&op, desk, "poll", POLL_DEADLINE_USEC);
        verdict = desk->plugin->helpdesk.poll(&op, desk->plugin_state);
        strset(&seen, "");
        for (size_t i = 0; i < op.n_closed; i++) {
                char *more = xasprintf("%s%s:%lld ", seen, op.closed[i].ticket, (long long) op.closed[i].usec);

                free(seen);
                seen = more;
        }
        op_end(&op);
}

static void review(void *data _unused_)
{
        op_begin(&op, desk, "review", OP_DEADLINE_USEC);
        found = (struct mentiond_review) { .struct_size = sizeof found };
        verdict = desk->plugin->helpdesk.review(&op, desk->plugin_state, "7", "41", &found);
        strset(&seen, strempty(found.text));
        op_end(&op);
}

static int64_t since_usec;

static void append(void *data _unused_)
{
        struct mentiond_filed filed = { .struct_size = sizeof filed };
        const struct mentiond_filing filing = {
                .struct_size = sizeof filing, .key = "brand:2", .thread_key = "brand:1", .ticket = "7", .queue = "", .title = "t",
                .text = "t",
                .customer = "c", .author = "a", .network = "n", .url = "", .after = "", .reopen_since_usec = since_usec,
        };

        op_begin(&op, desk, "append", OP_DEADLINE_USEC);
        verdict = desk->plugin->helpdesk.append(&op, desk->plugin_state, &filing, &filed);
        strset(&seen, strempty(filed.number));
        op_end(&op);
}

static void begin(const char *const *settings, const char *answers)
{
        struct input in = { answers, strlen(answers) };

        world_desk = settings;
        world_on_request = NULL;
        world_begin(&in);
}

static void end(void)
{
        world_end();
        strset(&seen, NULL);
}

/* --- Znuny --- */

#define SESSION ANSWER("*POST /SessionCreate", "{\"SessionID\": \"s\"}")
#define BOTH "{\"TicketID\": [\"7\", \"8\"]}"

static void test_znuny_tickets_that_a_poll_sees_closed_are_told_with_the_time_of_their_last_change(void **state _unused_)
{
        begin(NULL, SESSION ANSWER("*POST /TicketSearch", BOTH)
              ANSWER("*POST /TicketGet", "{\"Ticket\": ["
                     "{\"TicketID\": 7, \"StateType\": \"closed\", \"Changed\": \"2026-11-22 11:00:00\", \"Article\":"
                     " [{\"ArticleID\": 41,"
                     " \"SenderType\": \"agent\", \"CreateTime\": \"2026-11-22 10:59:50\", \"IncomingTime\": 1795341590}]},"
                     "{\"TicketID\": 8, \"StateType\": \"open\", \"Changed\": \"2026-11-22 11:00:00\"}]}"));
        world_run(poll, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_string_equal(seen, "7:1795341600000000 7:1795341600000000 ");
        end();
}

static void test_znuny_tickets_that_were_closed_without_a_note_are_sought_now_and_then(void **state _unused_)
{
        begin(NULL, SESSION ANSWER(">POST /TicketSearch", "{}") ANSWER(">POST /TicketSearch", "{\"TicketID\": [\"8\"]}")
              ANSWER(">POST /TicketGet", "{\"Ticket\": [{\"TicketID\": 8, \"StateType\": \"removed\", \"Changed\": \"x\"}]}")
              ANSWER("*POST /TicketSearch", "{}"));
        world_run(poll, NULL);
        assert_string_equal(seen, "8:0 ");
        assert_int_equal(world_requests, 4);
        world_run(poll, NULL);
        assert_int_equal(world_requests, 5);     /* it is no hour since */
        world_now += USEC_PER_HOUR;
        world_run(poll, NULL);
        assert_int_equal(world_requests, 7);
        assert_int_equal(verdict, MENTIOND_OK);
        end();
}

/* By the helpdesk's zone, whichever that is. */
#define CLOSED_7 \
        "{\"Ticket\": [{\"TicketID\": 7, \"TicketNumber\": \"N7\", \"StateType\": \"closed\", \"Changed\": " \
        "\"2026-11-22 11:00:00\"," \
                 " \"Article\": [{\"ArticleID\": 41, \"CreateTime\": \"2026-11-22 10:59:50\", \"IncomingTime\": 1795341590}]}]}"
#define CLOSED_7_USEC INT64_C(1795341600000000)

static void test_a_znuny_ticket_that_was_closed_before_is_not_opened_again(void **state _unused_)
{
        begin(NULL, SESSION ANSWER("*POST /TicketGet", CLOSED_7)
                            ANSWER(">POST /TicketUpdate", "{\"TicketID\": 7, \"TicketNumber\": \"N7\", \"ArticleID\": 42}"));
        since_usec = CLOSED_7_USEC + 1;
        world_run(append, NULL);
        assert_int_equal(verdict, MENTIOND_GONE);
        assert_string_equal(seen, "N7");
        assert_int_equal(world_requests, 2);
        since_usec = CLOSED_7_USEC;
        world_run(append, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        end();
}

static void test_a_znuny_ticket_that_does_not_say_since_when_it_is_closed_is_opened_again(void **state _unused_)
{
        begin(NULL,
              SESSION ANSWER("*POST /TicketGet",
                             "{\"Ticket\": [{\"TicketID\": 7, \"StateType\": \"closed\", \"Changed\": \"2026-11-22 11:00:00\"}]}")
                      ANSWER(">POST /TicketUpdate", "{\"TicketID\": 7, \"TicketNumber\": \"N7\", \"ArticleID\": 42}"));
        since_usec = CLOSED_7_USEC + 1;
        world_run(append, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        end();
}

#define ARTICLE_41(more) \
        "{\"ArticleID\": 41, \"SenderType\": \"agent\", \"IsVisibleForCustomer\": 1, \"From\": \"Ada\", \"Body\": \"As text " \
        "[1]\"" more "}"
#define HTML(size, content) \
        ", \"Attachment\": [{\"Filename\": \"file-2\", \"ContentType\": \"text/html; charset=\\\"utf-8\\\"\"," \
                            " \"Disposition\": \"inline\", \"FilesizeRaw\": \"" size "\", \"Content\": \"" content "\"}]"
#define TICKET_7(articles) "{\"Ticket\": [{\"TicketID\": 7, \"StateType\": \"open\", \"Article\": [" articles "]}]}"

static void test_a_znuny_note_that_goes_while_it_is_read_is_read_again_later(void **state _unused_)
{
        begin(NULL,
              SESSION ANSWER(">POST /TicketGet", TICKET_7(ARTICLE_41(HTML("4", "")))) ANSWER(">POST /TicketGet", TICKET_7("")));
        world_run(review, NULL);
        assert_int_equal(verdict, MENTIOND_RETRY);
        end();
}

static void test_a_znuny_note_that_is_hidden_while_it_is_read_is_internal(void **state _unused_)
{
        begin(NULL, SESSION ANSWER(">POST /TicketGet", TICKET_7(ARTICLE_41(HTML("4", ""))))
                            ANSWER(">POST /TicketGet", TICKET_7("{\"ArticleID\": 41, \"SenderType\": \"agent\", "
                                                                "\"IsVisibleForCustomer\": 0, \"Body\": \"x\"}")));
        world_run(review, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_int_equal(found.standing, MENTIOND_TURNED_INTERNAL);
        assert_string_equal(seen, "x");
        assert_int_equal(found.n_internal, 0);
        end();
}

static void test_what_is_attached_to_later_znuny_notes_may_be_too_much_to_read_one_whole(void **state _unused_)
{
        begin(NULL, SESSION ANSWER(">POST /TicketGet", TICKET_7(ARTICLE_41(HTML("4", ""))
              ", {\"ArticleID\": 43, \"SenderType\": \"agent\", \"Attachment\": [{\"Filename\": \"film\", \"FilesizeRaw\":"
              " \"41943040\"}]}")));
        world_run(review, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_int_equal(found.standing, MENTIOND_STANDS);
        assert_string_equal(seen, "As text [1]");
        assert_int_equal(world_requests, 2);
        end();
}

/* --- Zammad --- */

#define STATES \
        "[{\"id\": 4, \"state_type_id\": 5, \"name\": \"closed\"}, {\"id\": 9, \"state_type_id\": 5, \"name\": \"solved\"}," \
               " {\"id\": 8, \"state_type_id\": 3, \"name\": \"parked\"}]"
#define ZAMMAD_TICKET(id, state) "{\"id\": " id ", \"state\": \"" state "\", \"updated_at\": \"2026-11-22T10:00:00.000Z\"," \
                                 " \"last_close_at\": \"2026-11-22T09:00:00.000Z\"}"

static void test_zammad_tickets_that_a_poll_sees_closed_are_told_by_the_type_of_their_state(void **state _unused_)
{
        begin(zammads, ANSWER("*POST /tickets/search", "[" ZAMMAD_TICKET("7", "solved") ", " ZAMMAD_TICKET("8", "parked") ", "
                              ZAMMAD_TICKET("9", "solved") "]")
              ANSWER("*GET /by_ticket/", "[]") ANSWER(">GET /ticket_states", STATES));
        world_run(poll, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_string_equal(seen, "7:1795338000000000 ");
        end();
}

static void test_zammad_is_not_asked_for_states_that_the_options_name(void **state _unused_)
{
        size_t before;

        begin(zammads, ANSWER("*POST /tickets/search", "[" ZAMMAD_TICKET("7", "closed") ", " ZAMMAD_TICKET("8", "open") "]")
              ANSWER("*GET /by_ticket/", "[]"));
        world_run(poll, NULL);
        assert_string_equal(seen, "7:1795338000000000 ");
        before = world_requests;
        world_run(poll, NULL);           /* both are as they were */
        assert_string_equal(seen, "7:1795338000000000 ");
        assert_int_equal(world_requests, before + 1);
        end();
}

static void test_zammads_states_that_cannot_be_read_harm_no_poll(void **state _unused_)
{
        begin(zammads, ANSWER("*POST /tickets/search", "[" ZAMMAD_TICKET("7", "solved") "]") ANSWER("*GET /by_ticket/", "[]"));
        world_run(poll, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_string_equal(seen, "");
        end();
}

#define WHOLE(articles) \
        "{\"links\": [], \"assets\": {\"Ticket\": {\"7\": {\"id\": 7, \"state_id\": 9, \"customer_id\": 6}}, \"TicketArticle\":" \
        " {" articles "}}}"

static void test_a_zammad_ticket_is_closed_by_the_type_of_its_state(void **state _unused_)
{
        begin(zammads,
              ANSWER(">GET /tickets/7?all=true",
                     WHOLE("\"41\": {\"id\": 41, \"internal\": false, \"content_type\": \"text/plain\", \"body\": \"x\"}"))
                      ANSWER(">GET /ticket_states", STATES));
        world_run(review, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_int_equal(found.standing, MENTIOND_STANDS);
        assert_int_equal(found.closed, 1);
        end();
}

static void test_a_zammad_article_that_does_not_say_that_it_is_public_is_not(void **state _unused_)
{
        begin(zammads, ANSWER(">GET /tickets/7?all=true", WHOLE("\"41\": {\"id\": 41, \"body\": \"x\"}"))
                               ANSWER(">GET /ticket_states", STATES));
        world_run(review, NULL);
        assert_int_equal(found.standing, MENTIOND_TURNED_INTERNAL);
        assert_int_equal(found.n_internal, 0);
        end();
}

static void test_a_zammad_file_that_is_gone_is_told_without_data_and_one_that_fails_is_asked_for_again(void **state _unused_)
{
        static const char whole[] = WHOLE(
                "\"41\": {\"id\": 41, \"ticket_id\": 7, \"internal\": false, \"body\": \"x\", \"attachments\": [{\"id\": 5,"
                " \"filename\": \"a\", \"size\": \"3\"}]}");
        _cleanup_free_ char *gone = xasprintf(ANSWER(">GET /tickets/7?all=true", "%s") ANSWER("*GET /ticket_states", STATES)
                                              ">GET /ticket_attachment/7/41/5\nHTTP/1.1 404 x\n\n{\"error\": \"Not"
                                              " found\"}\n----\n", whole);
        _cleanup_free_ char *fails = xasprintf(ANSWER(">GET /tickets/7?all=true", "%s") ANSWER("*GET /ticket_states", STATES)
                                               ">GET /ticket_attachment/7/41/5\nHTTP/1.1 500 x\n\nx\n----\n", whole);

        begin(zammads, gone);
        world_run(review, NULL);
        assert_int_equal(verdict, MENTIOND_OK);
        assert_int_equal(found.n_attachments, 1);
        end();
        begin(zammads, fails);
        world_run(review, NULL);
        assert_int_equal(verdict, MENTIOND_RETRY);
        end();
}

#define TICKET_OF(state, closed) "{\"id\": 7, \"number\": \"N7\", \"state\": \"" state "\", \"last_close_at\": " closed "}"

static int append_to(const char *ticket)
{
        _cleanup_free_ char *all =
                xasprintf(">GET /tickets/7?expand=true\nHTTP/1.1 200 OK\n\n%s\n----\n" ANSWER("*GET /ticket_states", STATES),
                          ticket);

        begin(zammads, all);
        since_usec = INT64_C(1795338000000000) + 1;
        world_run(append, NULL);
        return verdict;
}

static void test_a_zammad_ticket_that_was_closed_before_is_not_opened_again(void **state _unused_)
{
        assert_int_equal(append_to(TICKET_OF("solved", "\"2026-11-22T09:00:00.000Z\"")), MENTIOND_GONE);
        assert_string_equal(seen, "N7");
        end();
        assert_int_not_equal(append_to(TICKET_OF("solved", "\"2026-11-22T09:00:01.000Z\"")), MENTIOND_GONE);
        end();
        assert_int_not_equal(append_to(TICKET_OF("solved", "null")), MENTIOND_GONE);
        end();
        /* It was, and is not any more. */
        assert_int_not_equal(append_to(TICKET_OF("parked", "\"2026-11-22T09:00:00.000Z\"")), MENTIOND_GONE);
        end();
        assert_int_not_equal(append_to(TICKET_OF("open", "\"2026-11-22T09:00:00.000Z\"")), MENTIOND_GONE);
        end();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_znuny_tickets_that_a_poll_sees_closed_are_told_with_the_time_of_their_last_change),
                cmocka_unit_test(test_znuny_tickets_that_were_closed_without_a_note_are_sought_now_and_then),
                cmocka_unit_test(test_a_znuny_ticket_that_was_closed_before_is_not_opened_again),
                cmocka_unit_test(test_a_znuny_ticket_that_does_not_say_since_when_it_is_closed_is_opened_again),
                cmocka_unit_test(test_a_zammad_ticket_that_was_closed_before_is_not_opened_again),
                cmocka_unit_test(test_a_znuny_note_that_goes_while_it_is_read_is_read_again_later),
                cmocka_unit_test(test_a_znuny_note_that_is_hidden_while_it_is_read_is_internal),
                cmocka_unit_test(test_what_is_attached_to_later_znuny_notes_may_be_too_much_to_read_one_whole),
                cmocka_unit_test(test_zammad_tickets_that_a_poll_sees_closed_are_told_by_the_type_of_their_state),
                cmocka_unit_test(test_zammad_is_not_asked_for_states_that_the_options_name),
                cmocka_unit_test(test_zammads_states_that_cannot_be_read_harm_no_poll),
                cmocka_unit_test(test_a_zammad_ticket_is_closed_by_the_type_of_its_state),
                cmocka_unit_test(test_a_zammad_article_that_does_not_say_that_it_is_public_is_not),
                cmocka_unit_test(test_a_zammad_file_that_is_gone_is_told_without_data_and_one_that_fails_is_asked_for_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
