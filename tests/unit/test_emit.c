/* SPDX-License-Identifier: MIT
 * What plugins emit, from the call to the journal. */
#include "fakes.h"

#include "base/clock.h"
#include "host/payload.h"

#include <mentiond/json.h>

#include <time.h>

static struct mentiond_op op;

static const struct mentiond_author alice = {
        .struct_size = sizeof alice, .id = "9", .handle = "@alice@example", .name = "Alice", .followers = -1,
};

static struct mentiond_mention shown(const char *id)
{
        return (struct mentiond_mention) {
                .struct_size = sizeof(struct mentiond_mention), .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC, .id = id,
                .text = "hello", .author = &alice, .created_usec = utc_usec(),
        };
}

static int emit(const char *id)
{
        struct mentiond_mention m = shown(id);

        return mentiond_emit(&op, &m);
}

/* A poll of a channel that has polled before; or of one that never has. */
static void open_op(void)
{
        fake_open(0);
        flow_drain(&fake_flow);
        op_begin(&op, brand, "poll", USEC_PER_MINUTE);
}

static void open_first(void)
{
        fake_open(FAKE_IDLE);
        while (brand->state != INSTANCE_RUNNING)         /* start() says who we are */
                world_sleep(500);
        op_begin(&op, brand, "poll", USEC_PER_MINUTE);
}

static size_t commit(void)
{
        size_t n = 0;

        assert_int_equal(op_commit(&op, true, &n), 0);
        return n;
}

static void close_op(void)
{
        op_end(&op);
        fake_close();
}

static struct json_object *payload_of(const char *id)
{
        return payload_parse(fake_arena, fake_row(brand->stored.id, id).payload);
}

/* --- New and known --- */

static void item_is_new_once(void)
{
        open_op();
        assert_int_equal(emit("1"), 1);
        assert_int_equal(emit("1"), 0);          /* this poll has it */
        assert_int_equal(emit("2"), 1);
        assert_int_equal(commit(), 2);
        assert_int_equal(emit("1"), 0);          /* the journal has it */
        assert_int_equal(commit(), 0);
        assert_string_equal(fake_state(brand->stored.id, "1"), STATE_NEW);
        close_op();
}

static void item_of_a_poll_that_has_not_ended_is_shown_until_one_has(void)
{
        int64_t first;

        open_op();
        assert_int_equal(emit("2"), 1);
        assert_int_equal(op_commit(&op, false, NULL), 0);
        assert_string_equal(fake_state(brand->stored.id, "2"), STATE_SHOWN);
        assert_int_equal(emit("2"), 0);          /* the journal has it; its place among the others is told again */
        assert_int_equal(emit("1"), 1);
        assert_int_equal(commit(), 2);
        first = fake_id(brand->stored.id, "2");
        assert_string_equal(fake_state(brand->stored.id, "2"), STATE_NEW);
        assert_string_equal(fake_state(brand->stored.id, "1"), STATE_NEW);
        assert_string_equal(mj_str(payload_of("2"), "text"), "hello");
        assert_int_equal(emit("2"), 0);
        assert_int_equal(commit(), 0);
        assert_int_equal(fake_id(brand->stored.id, "2"), first);
        close_op();
}

static void show(const char *const *ids, int64_t created_usec)
{
        for (; *ids; ids++) {
                struct mentiond_mention m = shown(*ids);

                m.created_usec = created_usec;
                (void) mentiond_emit(&op, &m);
        }
}

static void what_a_poll_does_not_show_again_is_older_than_what_it_does(void)
{
        static const char *const first[] = { "2", "1", NULL }, *const second[] = { "5", "4", "3", "2", NULL };
        int64_t now;

        open_op();
        now = utc_usec();                /* servers tell whole seconds */
        show(first, now);
        assert_int_equal(op_commit(&op, false, NULL), 0);
        op_end(&op);
        op_begin(&op, brand, "poll", USEC_PER_MINUTE);
        show(second, now);
        assert_int_equal(commit(), 5);
        for (char id[] = "2"; *id <= '5'; (*id)++)
                assert_true(fake_id(brand->stored.id, id) > fake_id(brand->stored.id, (char[]) { (char) (*id - 1), '\0' }));
        close_op();
}

static void all_is_old_until_the_first_poll_has_ended(void)
{
        open_first();
        assert_int_equal(emit("1"), 0);
        assert_int_equal(commit(), 0);
        assert_string_equal(fake_state(brand->stored.id, "1"), STATE_KNOWN);
        assert_string_equal(fake_row(brand->stored.id, "1").payload, "");
        assert_int_equal(emit("2"), 1);
        close_op();
}

static void what_was_shown_before_the_baseline_is_old(void)
{
        struct mentiond_mention m = shown("first");
        int64_t now = utc_usec();

        open_first();
        m.created_usec = now;
        (void) mentiond_emit(&op, &m);
        (void) commit();
        assert_int_equal(brand->stored.baseline_usec, now - HORIZON_OVERLAP_USEC);
        m = shown("before");
        m.created_usec = now - HORIZON_OVERLAP_USEC - 1;
        assert_int_equal(mentiond_emit(&op, &m), 0);
        m.id = "shown-now";
        m.seen_usec = now;
        assert_int_equal(mentiond_emit(&op, &m), 1);
        m = shown("in-the-overlap");
        m.created_usec = now - HORIZON_OVERLAP_USEC + 1;
        assert_int_equal(mentiond_emit(&op, &m), 1);
        m = shown("undated");
        m.created_usec = 0;
        assert_int_equal(mentiond_emit(&op, &m), 1);
        assert_int_equal(commit(), 3);
        assert_string_equal(fake_state(brand->stored.id, "before"), STATE_KNOWN);
        close_op();
}

static void own_posts_are_neither_new_nor_kept(void)
{
        struct mentiond_author self = alice;
        struct mentiond_mention m = shown("mine");

        open_op();
        assert_string_equal(mentiond_self(&op), "self");
        assert_string_equal(mentiond_self_handle(&op), "@brand@example");
        self.id = "self";
        m.author = &self;
        assert_int_equal(mentiond_emit(&op, &m), 0);
        assert_int_equal(commit(), 0);
        assert_string_equal(fake_state(brand->stored.id, "mine"), "");
        assert_int_equal(brand->stored.horizon_usec, m.created_usec - HORIZON_OVERLAP_USEC);   /* but it was seen */
        close_op();
}

/* --- Put aside --- */

static void item_without_a_usable_id_is_put_aside_with_a_line(void)
{
        static const char *const bad[] = { NULL, "", "a b", "a\nerror: forged", "\t", "a\x7f", "\x01" };
        char longest[1026];

        open_op();
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct mentiond_mention root = shown("ok"), parent = shown("ok"), m = shown(bad[i]);

                assert_int_equal(mentiond_emit(&op, &m), 0);
                if (!bad[i] || !*bad[i])
                        continue;
                root.root = bad[i];
                parent.parent = bad[i];
                assert_int_equal(mentiond_emit(&op, &root), 0);
                assert_int_equal(mentiond_emit(&op, &parent), 0);
        }
        memset(longest, 'x', sizeof longest);
        longest[1025] = '\0';
        assert_int_equal(emit(longest), 0);
        assert_int_equal(op.n_items, 0);
        assert_true(world_logged("warning: item put aside instance=brand kind=mention id=\"\" reason=\"it has no usable id\""));
        assert_false(world_logged("\nerror: forged"));
        longest[1024] = '\0';
        assert_int_equal(emit(longest), 1);
        assert_int_equal(emit("at://did:plc:x/app.bsky.feed.post/\xc3\xa9"), 1);
        assert_int_equal(commit(), 2);
        close_op();
}

static void item_without_an_author_is_put_aside(void)
{
        struct mentiond_author none = alice;
        struct mentiond_mention m = shown("1");

        open_op();
        m.author = NULL;
        assert_int_equal(mentiond_emit(&op, &m), 0);
        m.author = &none;
        none.handle = NULL;
        assert_int_equal(mentiond_emit(&op, &m), 0);
        none = alice;
        none.id = "";
        assert_int_equal(mentiond_emit(&op, &m), 0);
        none.id = "has blank";
        assert_int_equal(mentiond_emit(&op, &m), 0);
        assert_int_equal(op.n_items, 0);
        assert_true(world_logged("reason=\"it has no author\""));
        assert_int_equal(emit("1"), 1);          /* it was not known by that */
        close_op();
}

/* --- Structs of another size --- */

static void shorter_mention_of_an_older_plugin_is_taken(void)
{
        struct mentiond_mention m = shown("1");

        open_op();
        m.n_media = 7;
        m.media = (const void *) 1;              /* behind what the plugin says it has */
        m.struct_size = offsetof(struct mentiond_mention, media);
        assert_int_equal(mentiond_emit(&op, &m), 1);
        m = shown("2");
        m.struct_size = offsetof(struct mentiond_mention, author);
        assert_int_equal(mentiond_emit(&op, &m), 0);
        assert_int_equal(commit(), 1);
        close_op();
}

static void larger_mention_of_a_newer_plugin_is_taken(void)
{
        struct {
                struct mentiond_mention m;
                char more[64];
        } newer = { .m = shown("1") };

        open_op();
        memset(newer.more, 0xff, sizeof newer.more);
        newer.m.struct_size = sizeof newer;
        assert_int_equal(mentiond_emit(&op, &newer.m), 1);
        assert_int_equal(commit(), 1);
        close_op();
}

static void media_are_walked_by_their_own_size(void)
{
        struct {
                struct mentiond_media m;
                char more[24];
        } media[3];
        struct mentiond_mention m = shown("1");
        struct json_object *list;

        open_op();
        memset(media, 0xff, sizeof media);
        for (size_t i = 0; i < 3; i++)
                media[i].m = (struct mentiond_media) {
                        .struct_size = sizeof media[0], .url = i == 0 ? "https://x/0" : i == 1 ? "https://x/1" : "https://x/2",
                        .type = "image/png",
                        .description = i == 1 ? "a cat" : NULL,
                };
        m.n_media = 3;
        m.media = &media[0].m;
        assert_int_equal(mentiond_emit(&op, &m), 1);
        m = shown("2");
        media[0].m.struct_size = 8;              /* cannot be right: nothing is read through it */
        m.n_media = 3;
        m.media = &media[0].m;
        assert_int_equal(mentiond_emit(&op, &m), 1);
        assert_int_equal(commit(), 2);
        list = mj_get(payload_of("1"), "media");
        assert_int_equal(mj_len(list), 3);
        assert_string_equal(mj_str(mj_at(list, 2), "url"), "https://x/2");
        assert_string_equal(mj_str(mj_at(list, 1), "description"), "a cat");
        assert_int_equal(mj_len(mj_get(payload_of("2"), "media")), 0);
        close_op();
}

/* --- Commit --- */

static void what_was_emitted_newest_first_is_filed_oldest_first(void)
{
        static const char *const ids[] = { "3", "1", "2" };
        static const int64_t ages[] = { 1, 3, 2 };

        open_op();
        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                struct mentiond_mention m = shown(ids[i]);

                m.root = "r";
                m.created_usec = utc_usec() - ages[i] * USEC_PER_SEC;
                assert_int_equal(mentiond_emit(&op, &m), 1);
        }
        assert_int_equal(commit(), 3);
        assert_true(fake_id(brand->stored.id, "1") < fake_id(brand->stored.id, "2"));
        assert_true(fake_id(brand->stored.id, "2") < fake_id(brand->stored.id, "3"));
        close_op();
}

static void horizon_follows_the_newest_by_an_overlap_and_never_goes_back(void)
{
        struct mentiond_mention m = shown("1");
        int64_t now = utc_usec();

        open_op();
        m.created_usec = now - USEC_PER_HOUR;
        m.seen_usec = now;
        (void) mentiond_emit(&op, &m);
        (void) commit();
        assert_int_equal(brand->stored.horizon_usec, now - HORIZON_OVERLAP_USEC);
        assert_int_equal(mentiond_horizon_usec(&op), now - HORIZON_OVERLAP_USEC);
        op_end(&op);
        op_begin(&op, brand, "poll", USEC_PER_MINUTE);
        m = shown("2");
        m.created_usec = now - USEC_PER_MINUTE;
        (void) mentiond_emit(&op, &m);
        (void) commit();
        assert_int_equal(brand->stored.horizon_usec, now - HORIZON_OVERLAP_USEC);
        m = shown("3");
        m.created_usec = now + USEC_PER_DAY;     /* a server whose clock is wrong must not hide a day */
        (void) mentiond_emit(&op, &m);
        (void) commit();
        assert_true(brand->stored.horizon_usec <= utc_usec() - HORIZON_OVERLAP_USEC);
        close_op();
}

static void horizon_of_a_first_poll_follows_what_was_emitted_so_far(void)
{
        struct mentiond_mention m = shown("1");

        open_first();
        assert_true(mentiond_horizon_usec(&op) <= 0);
        (void) mentiond_emit(&op, &m);
        assert_int_equal(mentiond_horizon_usec(&op), m.created_usec - HORIZON_OVERLAP_USEC);
        close_op();
}

static void unfinished_poll_keeps_items_but_no_cursor(void)
{
        open_op();
        (void) emit("1");
        mentiond_set_cursor(&op, "page", "5");
        assert_int_equal(op_commit(&op, false, NULL), 0);
        assert_string_equal(fake_state(brand->stored.id, "1"), STATE_SHOWN);
        assert_null(store_cursor(fake_host.store, brand->stored.id, "page"));
        assert_int_equal(brand->stored.horizon_usec, 0);
        close_op();
}

static void cursor_is_seen_within_the_operation_and_kept_with_it(void)
{
        uint64_t commits;

        open_op();
        assert_string_equal(mentiond_cursor(&op, "page"), "");
        mentiond_set_cursor(&op, "page", "5");
        mentiond_set_cursor(&op, "page", "6");
        mentiond_set_cursor(&op, "other", "x");
        assert_string_equal(mentiond_cursor(&op, "page"), "6");
        (void) commit();
        op_end(&op);
        op_begin(&op, brand, "poll", USEC_PER_MINUTE);
        assert_string_equal(mentiond_cursor(&op, "page"), "6");
        assert_string_equal(mentiond_cursor(&op, "other"), "x");
        mentiond_set_cursor(&op, "page", "6");   /* nothing new: nothing is written, also where there was something between */
        mentiond_set_cursor(&op, "page", "5");
        assert_string_equal(mentiond_cursor(&op, "page"), "5");
        mentiond_set_cursor(&op, "page", "6");
        assert_string_equal(mentiond_cursor(&op, "page"), "6");
        commits = store_commits(fake_host.store);
        (void) commit();
        assert_int_equal(store_commits(fake_host.store), commits);
        close_op();
}

static void what_is_kept_is_there_whatever_becomes_of_the_operation(void)
{
        uint64_t commits;
        char *kept;

        open_op();
        mentiond_set_cursor(&op, "token", "of a poll that fails");
        assert_int_equal(mentiond_keep(&op, "token", "second"), MENTIOND_OK);
        assert_string_equal(mentiond_cursor(&op, "token"), "second");
        assert_int_equal(op_commit(&op, false, NULL), 0);
        kept = store_cursor(fake_host.store, brand->stored.id, "token");
        assert_string_equal(kept, "second");
        free(kept);
        commits = store_commits(fake_host.store);
        assert_int_equal(mentiond_keep(&op, "token", "second"), MENTIOND_OK);    /* as it was: nothing is written */
        assert_int_equal(store_commits(fake_host.store), commits);
        assert_int_equal(mentiond_keep(&op, "token", NULL), MENTIOND_OK);
        assert_string_equal(mentiond_cursor(&op, "token"), "");
        close_op();
}

static int64_t at_usec;

static int64_t utc_then(void)
{
        return at_usec;
}

static int64_t mono_then(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void no_chance(void *p, size_t n)
{
        memset(p, 0, n);
}

static void what_is_spent_is_summed_for_a_month_and_remembered(void)
{
        static const struct clock_source then = { utc_then, mono_then, no_chance };
        char *kept;

        open_op();
        at_usec = INT64_C(1796083199) * USEC_PER_SEC;    /* 2026-11-30 23:59:59 */
        clock_set_source(&then);
        assert_int_equal(mentiond_spend(&op, 0), 0);
        assert_int_equal(mentiond_spend(&op, 11000), 11000);
        assert_int_equal(mentiond_spend(&op, 5000), 16000);
        brand->spent_month = brand->spent_micros = 0;    /* as after a restart */
        assert_int_equal(mentiond_spend(&op, 0), 16000);
        kept = store_cursor(fake_host.store, brand->stored.id, "mentiond.spent");
        assert_string_equal(kept, "24322 16000");
        free(kept);
        at_usec += USEC_PER_SEC;
        assert_int_equal(mentiond_spend(&op, 1000), 1000);
        at_usec -= USEC_PER_SEC;                         /* a clock that was set back */
        assert_int_equal(mentiond_spend(&op, 1000), 2000);
        clock_set_source(NULL);
        close_op();
}

static void very_long_poll_is_committed_on_its_way(void)
{
        open_op();
        for (int i = 0; i < 5001; i++)
                assert_int_equal(emit(mentiond_format(&op, "id-%d", i)), 1);
        assert_string_equal(fake_state(brand->stored.id, "id-4999"), STATE_SHOWN);
        assert_string_equal(fake_state(brand->stored.id, "id-5000"), "");
        assert_false(op.emit_error);
        assert_int_equal(commit(), 5001);
        assert_string_equal(fake_state(brand->stored.id, "id-4999"), STATE_NEW);
        assert_string_equal(fake_state(brand->stored.id, "id-5000"), STATE_NEW);
        close_op();
}

/* --- Ancestors, and what the account is --- */

static void ancestors_are_kept_in_order_and_bad_ones_left_out(void)
{
        struct mentiond_mention first = shown("1"), bad = shown("a b"), second = shown("2");

        open_op();
        second.html = "<p>two</p>";
        second.author = NULL;
        mentiond_emit_ancestor(&op, &first);
        mentiond_emit_ancestor(&op, &bad);
        mentiond_emit_ancestor(&op, &second);
        assert_int_equal(op.n_ancestors, 2);
        assert_string_equal(op.ancestors[0].id, "1");
        assert_string_equal(op.ancestors[0].handle, "@alice@example");
        assert_string_equal(op.ancestors[0].text, "hello");
        assert_string_equal(op.ancestors[1].text, "two");
        assert_string_equal(op.ancestors[1].handle, "");
        assert_int_equal(op.n_items, 0);
        close_op();
}

/* --- What reread() sees --- */

static void post_that_is_read_again_is_kept_with_clean_text_and_its_times(void)
{
        struct mentiond_mention m = shown("1"), other = shown("2");

        open_op();
        m.text = NULL;
        m.html = "<p>loud<script>x()</script><br>and clear</p>";
        m.url = "https://net/1";
        m.created_usec = 5;
        m.edited_usec = 7;
        mentiond_emit_again(&op, &m);
        other.text = "a\x01z";
        mentiond_emit_again(&op, &other);
        mentiond_emit_gone(&op, "3");
        assert_int_equal(op.n_again, 3);
        assert_string_equal(op.again[0].id, "1");
        assert_string_equal(op.again[0].author, "9");
        assert_string_equal(op.again[0].text, "loud\nand clear");
        assert_string_equal(op.again[0].url, "https://net/1");
        assert_int_equal(op.again[0].created_usec, 5);
        assert_int_equal(op.again[0].edited_usec, 7);
        assert_false(op.again[0].gone);
        assert_null(strchr(op.again[1].text, 1));
        assert_string_equal(op.again[2].id, "3");
        assert_true(op.again[2].gone);
        assert_string_equal(op.again[2].text, "");
        assert_int_equal(op.n_items, 0);
        close_op();
}

static void what_is_said_of_a_post_first_counts(void)
{
        struct mentiond_mention m = shown("1"), n = shown("2");

        open_op();
        mentiond_emit_again(&op, &m);
        mentiond_emit_gone(&op, "1");
        mentiond_emit_gone(&op, "2");
        mentiond_emit_again(&op, &n);
        assert_int_equal(op.n_again, 2);
        assert_false(op.again[0].gone);
        assert_true(op.again[1].gone);
        close_op();
}

static void post_without_a_usable_id_or_author_is_not_read_again(void)
{
        struct mentiond_mention m = shown("a b");

        open_op();
        mentiond_emit_again(&op, &m);
        m = shown("1");
        m.author = NULL;
        mentiond_emit_again(&op, &m);
        mentiond_emit_gone(&op, "");
        mentiond_emit_gone(&op, NULL);
        assert_int_equal(op.n_again, 0);
        assert_true(world_logged("item put aside instance=brand kind=post id=\"a b\""));
        close_op();
}

static void posts_that_are_read_again_are_bounded(void)
{
        open_op();
        for (int i = 0; i < 2000; i++)
                mentiond_emit_gone(&op, mentiond_format(&op, "%d", i));
        assert_int_equal(op.n_again, 1000);
        assert_int_equal(op.cut, MENTIOND_BUG);
        close_op();
}

static void types_of_files_outlive_the_operation_that_set_them(void)
{
        open_op();
        mentiond_set_caps(&op, &(struct mentiond_caps) {
                .struct_size = sizeof(struct mentiond_caps), .upload_types = mentiond_format(&op, "image/%s", "png") });
        mentiond_turn_page(&op, NULL, 0);
        assert_string_equal(brand->caps.upload_types, "image/png");
        mentiond_set_caps(&op, &(struct mentiond_caps) { .struct_size = offsetof(struct mentiond_caps, flags) });
        assert_string_equal(brand->caps.upload_types, "");
        close_op();
}

static void capabilities_of_an_older_plugin_leave_the_rest_at_naught(void)
{
        struct mentiond_caps caps = {
                .struct_size = sizeof caps, .length_unit = MENTIOND_BYTES, .length_max = 300, .url_length = 23,
                .handle_is_local = 1,
        };

        open_op();
        mentiond_set_caps(&op, &caps);
        assert_int_equal(brand->caps.url_length, 23);
        caps.struct_size = offsetof(struct mentiond_caps, url_length);
        mentiond_set_caps(&op, &caps);
        assert_int_equal(brand->caps.length_max, 300);
        assert_int_equal(brand->caps.url_length, 0);
        assert_int_equal(brand->caps.handle_is_local, 0);
        mentiond_set_self(&op, NULL, NULL);
        assert_string_equal(mentiond_self(&op), "");
        close_op();
}

static void own_replies_are_known_as_posted(void)
{
        struct store_part part = { 0, "key", "m1", "text", "", "", 1 };

        open_op();
        fake_filed("m1", "m1", "77");
        fake_reply("a1", "77", "{}", NULL);
        assert_int_equal(store_begin(fake_host.store, fake_id(desk->stored.id, "a1"), 0, STATE_SENDING, 1, &part), 0);
        assert_int_equal(mentiond_is_posted(&op, "p1"), 0);
        assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                .id = fake_id(desk->stored.id, "a1"), .state = STATE_POSTED, .result_id = "p1", .result_url = "" }), 0);
        assert_int_equal(mentiond_is_posted(&op, "p1"), 1);
        assert_int_equal(mentiond_is_posted(&op, NULL), 0);
        close_op();
}

/* --- Articles --- */

static struct mentiond_article article(const char *id, uint32_t kind)
{
        return (struct mentiond_article) {
                .struct_size = sizeof(struct mentiond_article), .kind = kind, .ticket = "77", .id = id, .agent = "Bob",
                .text = "answer",
                .created_usec = utc_usec(),
        };
}

static void open_desk(void)
{
        fake_open(0);
        fake_filed("m1", "m1", "77");
        flow_drain(&fake_flow);
        op_begin(&op, desk, "poll", USEC_PER_MINUTE);
}

static int emit_article(const char *id, uint32_t kind, uint32_t flags)
{
        struct mentiond_article a = article(id, kind);

        a.flags = flags;
        return mentiond_emit_article(&op, &a);
}

static void article_is_new_once_and_only_in_a_linked_ticket(void)
{
        struct mentiond_article a = article("2", MENTIOND_ARTICLE_REPLY);

        open_desk();
        assert_int_equal(mentiond_is_linked(&op, "77"), 1);
        assert_int_equal(mentiond_is_linked(&op, NULL), 0);
        assert_int_equal(mentiond_knows_article(&op, "1"), 0);
        assert_int_equal(emit_article("1", MENTIOND_ARTICLE_REPLY, 0), 1);
        assert_int_equal(mentiond_knows_article(&op, "1"), 1);
        assert_int_equal(emit_article("1", MENTIOND_ARTICLE_REPLY, 0), 0);
        a.ticket = "78";
        assert_int_equal(mentiond_emit_article(&op, &a), 0);
        a.ticket = NULL;
        assert_int_equal(mentiond_emit_article(&op, &a), 0);
        a.ticket = "77";
        a.id = "with blank";
        assert_int_equal(mentiond_emit_article(&op, &a), 0);
        assert_true(world_logged("item put aside instance=desk kind=article id=\"with blank\""));
        assert_int_equal(commit(), 1);
        assert_int_equal(mentiond_knows_article(&op, "1"), 1);
        assert_string_equal(fake_state(desk->stored.id, "1"), STATE_WAITING);
        assert_string_equal(mj_str(payload_parse(fake_arena, fake_row(desk->stored.id, "1").payload), "text"), "answer");
        close_op();
}

static void internal_or_unknown_kind_of_article_is_known_and_never_posted(void)
{
        open_desk();
        assert_int_equal(emit_article("1", MENTIOND_ARTICLE_INTERNAL, 0), 0);
        assert_int_equal(emit_article("2", 0, 0), 0);
        assert_int_equal(emit_article("3", 99, 0), 0);
        assert_int_equal(commit(), 0);
        assert_string_equal(fake_state(desk->stored.id, "1"), STATE_KNOWN);
        assert_string_equal(fake_state(desk->stored.id, "2"), STATE_KNOWN);
        assert_string_equal(fake_state(desk->stored.id, "3"), STATE_KNOWN);
        close_op();
}

static void helpdesk_learns_no_baseline(void)
{
        open_desk();
        desk->stored.polled = false;
        mentiond_saw(&op, utc_usec());
        (void) commit();
        assert_int_equal(desk->stored.baseline_usec, 0);
        assert_true(desk->stored.horizon_usec > 0);
        close_op();
}

static void article_from_before_the_baseline_is_known(void)
{
        struct mentiond_article old = article("2", MENTIOND_ARTICLE_REPLY);

        open_desk();
        desk->stored.baseline_usec = desk->stored.horizon_usec = utc_usec() - USEC_PER_DAY;
        old.created_usec = desk->stored.baseline_usec - 1;
        assert_int_equal(mentiond_emit_article(&op, &old), 0);
        assert_int_equal(commit(), 0);
        assert_string_equal(fake_state(desk->stored.id, "2"), STATE_KNOWN);
        close_op();
}

static void article_of_a_store_that_is_behind_is_not_old(void)
{
        struct mentiond_article old = article("2", MENTIOND_ARTICLE_REPLY);

        open_desk();
        desk->stored.behind = true;
        desk->stored.horizon_usec = utc_usec();
        old.created_usec = desk->stored.horizon_usec - 1;
        assert_int_equal(mentiond_emit_article(&op, &old), 1);
        assert_int_equal(commit(), 1);
        assert_string_equal(fake_row(desk->stored.id, "2").reason, "");
        close_op();
}

static void link_is_of_the_channel_and_the_root_that_its_key_names(void)
{
        struct mentiond_link l = {
                .struct_size = sizeof l, .thread_key = "brand:https%3A%2F%2Fa%2F1", .ticket = "L", .number = "7", .url = "u",
        };

        open_desk();
        mentiond_link(&op, &l);
        l.ticket = "M";
        l.thread_key = "nobody:1";       /* no such channel: not ours, or not configured any more */
        mentiond_link(&op, &l);
        l.thread_key = "desk:1";
        mentiond_link(&op, &l);
        l.thread_key = "no key";
        mentiond_link(&op, &l);
        l.thread_key = "brand:";
        mentiond_link(&op, &l);
        assert_int_equal(op.n_links, 1);
        assert_string_equal(op.links[0].root, "https://a/1");
        assert_int_equal(op.links[0].channel, brand->stored.id);
        assert_int_equal(commit(), 0);
        assert_true(mentiond_is_linked(&op, "L"));
        assert_false(mentiond_is_linked(&op, "M"));
        close_op();
}

static void link_names_the_thread_from_which_its_own_goes_on(void)
{
        struct mentiond_link l = {
                .struct_size = sizeof l, .thread_key = "brand:https%3A%2F%2Fa%2F1>2%3E", .ticket = "L", .number = "7", .url = "u",
        };

        open_desk();
        mentiond_link(&op, &l);
        l.thread_key = "brand:>2";
        mentiond_link(&op, &l);
        l.thread_key = "brand:1>";
        mentiond_link(&op, &l);
        assert_int_equal(op.n_links, 1);
        assert_string_equal(op.links[0].first, "https://a/1");
        assert_string_equal(op.links[0].root, "2>");
        assert_false(op.links[0].branch);
        l.thread_key = "brand:1+3";
        mentiond_link(&op, &l);
        assert_string_equal(op.links[1].first, "1");
        assert_string_equal(op.links[1].root, "3");
        assert_true(op.links[1].branch);
        assert_int_equal(commit(), 0);
        assert_true(mentiond_is_linked(&op, "L"));
        close_op();
}

static void doubtful_and_old_articles_carry_their_reason(void)
{
        struct mentiond_article old = article("2", MENTIOND_ARTICLE_REPLY), undated = article("3", MENTIOND_ARTICLE_REPLY);

        open_desk();
        mentiond_saw(&op, utc_usec());
        (void) commit();
        assert_int_equal(emit_article("1", MENTIOND_ARTICLE_REPLY, MENTIOND_ARTICLE_DOUBTFUL), 1);
        old.created_usec = desk->stored.horizon_usec - 1;
        assert_int_equal(mentiond_emit_article(&op, &old), 1);
        undated.created_usec = 0;
        assert_int_equal(mentiond_emit_article(&op, &undated), 1);
        assert_int_equal(commit(), 3);
        assert_string_equal(fake_row(desk->stored.id, "1").reason, "the note was not public from its beginning");
        assert_string_equal(fake_row(desk->stored.id, "2").reason, "the note is old: it was moved here, or made public later");
        assert_string_equal(fake_row(desk->stored.id, "3").reason, "");
        close_op();
}

static void article_that_is_found_late_is_old_only_if_no_mention_came_before_it(void)
{
        struct mentiond_article before = article("8", MENTIOND_ARTICLE_REPLY), after = article("10", MENTIOND_ARTICLE_REPLY);

        open_desk();
        assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                .id = fake_id(brand->stored.id, "m1"), .state = STATE_FILED, .result_id = "9", .now_usec = utc_usec() }), 0);
        mentiond_saw(&op, utc_usec());
        (void) commit();
        before.created_usec = after.created_usec = desk->stored.horizon_usec - 1;
        assert_int_equal(mentiond_emit_article(&op, &before), 1);
        assert_int_equal(mentiond_emit_article(&op, &after), 1);
        assert_int_equal(commit(), 2);
        assert_string_equal(fake_row(desk->stored.id, "8").reason, "the note is old: it was moved here, or made public later");
        assert_string_equal(fake_row(desk->stored.id, "10").reason, "");
        close_op();
}

static void article_of_an_older_plugin_without_flags_is_taken(void)
{
        struct mentiond_article a = article("1", MENTIOND_ARTICLE_REPLY);

        open_desk();
        a.flags = MENTIOND_ARTICLE_DOUBTFUL;
        a.struct_size = offsetof(struct mentiond_article, n_attachments);
        assert_int_equal(mentiond_emit_article(&op, &a), 1);
        (void) commit();
        assert_string_equal(fake_row(desk->stored.id, "1").reason, "");
        close_op();
}

static void merges_commit_with_the_poll_and_bad_ones_are_ignored(void)
{
        struct mentiond_article a = article("5", MENTIOND_ARTICLE_REPLY);

        open_desk();
        mentiond_merged(&op, "77", "77", "N");
        mentiond_merged(&op, "", "88", "N");
        mentiond_merged(&op, "77", "a b", "N");
        assert_int_equal(op.n_merges, 0);
        mentiond_merged(&op, "77", "88", "N88");
        assert_int_equal(mentiond_is_linked(&op, "88"), 1);      /* for what this poll brings of it */
        a.ticket = "88";
        assert_int_equal(mentiond_emit_article(&op, &a), 1);
        assert_int_equal(commit(), 1);
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_WAITING);
        assert_int_equal(mentiond_is_linked(&op, "88"), 1);
        assert_int_equal(mentiond_is_linked(&op, "77"), 0);
        close_op();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(item_is_new_once),
                world_test(item_of_a_poll_that_has_not_ended_is_shown_until_one_has),
                world_test(what_a_poll_does_not_show_again_is_older_than_what_it_does),
                world_test(all_is_old_until_the_first_poll_has_ended),
                world_test(what_was_shown_before_the_baseline_is_old),
                world_test(own_posts_are_neither_new_nor_kept),
                world_test(item_without_a_usable_id_is_put_aside_with_a_line),
                world_test(item_without_an_author_is_put_aside),
                world_test(shorter_mention_of_an_older_plugin_is_taken),
                world_test(larger_mention_of_a_newer_plugin_is_taken),
                world_test(media_are_walked_by_their_own_size),
                world_test(what_was_emitted_newest_first_is_filed_oldest_first),
                world_test(horizon_follows_the_newest_by_an_overlap_and_never_goes_back),
                world_test(horizon_of_a_first_poll_follows_what_was_emitted_so_far),
                world_test(unfinished_poll_keeps_items_but_no_cursor),
                world_test(cursor_is_seen_within_the_operation_and_kept_with_it),
                world_test(what_is_kept_is_there_whatever_becomes_of_the_operation),
                world_test(what_is_spent_is_summed_for_a_month_and_remembered),
                world_test(very_long_poll_is_committed_on_its_way),
                world_test(ancestors_are_kept_in_order_and_bad_ones_left_out),
                world_test(post_that_is_read_again_is_kept_with_clean_text_and_its_times),
                world_test(what_is_said_of_a_post_first_counts),
                world_test(post_without_a_usable_id_or_author_is_not_read_again),
                world_test(posts_that_are_read_again_are_bounded),
                world_test(types_of_files_outlive_the_operation_that_set_them),
                world_test(capabilities_of_an_older_plugin_leave_the_rest_at_naught),
                world_test(own_replies_are_known_as_posted),
                world_test(article_is_new_once_and_only_in_a_linked_ticket),
                world_test(internal_or_unknown_kind_of_article_is_known_and_never_posted),
                world_test(helpdesk_learns_no_baseline),
                world_test(article_from_before_the_baseline_is_known),
                world_test(article_of_a_store_that_is_behind_is_not_old),
                world_test(link_is_of_the_channel_and_the_root_that_its_key_names),
                world_test(link_names_the_thread_from_which_its_own_goes_on),
                world_test(doubtful_and_old_articles_carry_their_reason),
                world_test(article_that_is_found_late_is_old_only_if_no_mention_came_before_it),
                world_test(article_of_an_older_plugin_without_flags_is_taken),
                world_test(merges_commit_with_the_poll_and_bad_ones_are_ignored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
