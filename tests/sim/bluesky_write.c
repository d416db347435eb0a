/* SPDX-License-Identifier: MIT
 *
 * The model of Bluesky: records, which the account's server has at once.  It takes an answer to anything, in any conversation; whoever
 * asks has to know better.  Owns what was uploaded.
 */
#include "bluesky.h"

#define TEXT_MAX 300
#define POINTS_MAX 12                    /* really 5000 an hour */
#define POINTS_USEC (10 * USEC_PER_MINUTE)

static char *next_rkey;
static int n_blobs;
static struct { int64_t since; int used; } points;

char *sky_next_rkey(void)
{
        return TAKE_PTR(next_rkey);
}

static struct answer invalid(const char *what)
{
        return sky_refuse(400, "InvalidRequest", what);
}

/* Whether another write is too much. */
static bool is_too_much(int cost, struct answer *ret)
{
        if (sim.now > points.since + POINTS_USEC) {
                points.since = sim.now;
                points.used = 0;
        }
        if (points.used + cost > POINTS_MAX) {
                happened(WRITES_LIMITED);
                *ret = sky_limit(points.since + POINTS_USEC - sim.now);
                return true;
        }
        points.used += cost;
        return false;
}

/* The account's own post with this name; -1: there never was one. */
static int own_named(int network, const char *rkey)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == network && social.statuses[i].account == BRAND && streq(sky_at(i)->rkey, rkey))
                        return i;
        return -1;
}

static bool is_tid(const char *rkey)
{
        return strlen(rkey) == 13 && strspn(rkey, "234567abcdefghijklmnopqrstuvwxyz") == 13 && strchr("234567abcdefghij", rkey[0]);
}

static size_t characters(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += ((unsigned char) *text & 0xc0) != 0x80;
        return n;
}

/* What is marked as a link is one, in bytes. */
static bool are_facets_right(struct json_object *record)
{
        struct json_object *facets = mj_get(record, "facets");
        const char *text = mj_str(record, "text");
        int links = 0;

        for (size_t i = 0; i < mj_len(facets); i++) {
                struct json_object *index = mj_get(mj_at(facets, i), "index");
                const char *uri = mj_str(mj_at(mj_get(mj_at(facets, i), "features"), 0), "uri");
                int64_t from = mj_int(index, "byteStart", -1), to = mj_int(index, "byteEnd", -1);

                if (from < 0 || to <= from || to > (int64_t) strlen(text) || strlen(uri) != (size_t) (to - from) ||
                    strncmp(text + from, uri, (size_t) (to - from)) != 0)
                        return false;
                links++;
        }
        return !strstr(text, "https://acme.example/help?a=1&b=2 please") || links;
}

static const char *objection(struct json_object *record, const char *rkey)
{
        if (!is_tid(rkey))
                return "Invalid record key for " SKY_POST ": Invalid TID string";
        if (!mj_get(record, "text") || strlen(mj_str(record, "createdAt")) != 24 || !streq(mj_str(record, "$type"), SKY_POST))
                return "Invalid " SKY_POST " record";
        if (characters(mj_str(record, "text")) > TEXT_MAX)
                return "Invalid " SKY_POST " record: grapheme too big (maximum 300)";
        return NULL;
}

/* What the daemon should have seen before: the network takes it, and shows it to nobody.  Between the look and the post a session may be
 * renewed. */
static void judge_place(const struct request *q, int parent)
{
        int64_t looked = q->sent_usec - 4 * sim.plan.timeout_usec;

        if (sky_at(social.statuses[parent].root)->gated)
                oracle_rude("an answer in a conversation in which the account may not answer");
        if (sky_blocked(social.statuses[parent].account, looked) && sky_blocked(social.statuses[parent].account, q->sent_usec))
                oracle_rude("an answer to somebody who has blocked the account");
}

static struct answer told(int status)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "uri", social.statuses[status].id);
        put_owned(o, "cid", sky_cid(status));
        mj_put_str(o, "validationStatus", "valid");
        return sky_reply(o);
}

static struct answer post(const struct request *q, struct json_object *record, const char *rkey)
{
        struct json_object *reply = mj_get(record, "reply");
        int parent = sky_find(q->server, mj_str(mj_get(reply, "parent"), "uri")), i, n = people_note_in(mj_str(record, "text"));

        /* With another root it is shown to nobody. */
        if (parent >= 0 && !streq(mj_str(mj_get(reply, "root"), "uri"), social.statuses[social.statuses[parent].root].id))
                parent = -1;
        if (parent >= 0 && n >= 0)
                judge_place(q, parent);
        if (!are_facets_right(record))
                oracle_rude("a link that is not where it is said to be");
        free(next_rkey);
        next_rkey = xstrdup(rkey);
        i = social_post(q->server, BRAND, parent, false, 'u', mj_str(record, "text"), "");
        social.statuses[i].by_api = true;
        social.statuses[i].sent = q->sent_usec;
        social.statuses[i].sent_jump = q->sent_jump;
        strset(&sky_at(i)->record, json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN));
        note("the network posts %s: it answers %s: %s", social.statuses[i].id, parent >= 0 ? social.statuses[parent].id : "nothing",
             social.statuses[i].text);
        return told(i);
}

struct answer sky_put(const struct request *q)
{
        struct json_object *record = mj_get(q->body, "record"), *swap = NULL;
        const char *rkey = mj_str(q->body, "rkey"), *why = objection(record, rkey);
        int n = people_note_in(mj_str(record, "text")), i = own_named(q->server, rkey);
        bool only_new = json_object_object_get_ex(q->body, "swapRecord", &swap) && !swap;
        _cleanup_free_ char *did = sky_did(BRAND);
        struct answer refusal;

        if (!streq(mj_str(q->body, "repo"), did) || !streq(mj_str(q->body, "collection"), SKY_POST))
                return sky_refuse(401, "AuthenticationRequired", "Authentication Required");
        if (is_too_much(2, &refusal))
                return refusal;
        if (n >= 0)
                agent_notes[n].sends++;
        if (why) {
                if (n >= 0)
                        agent_notes[n].rejected++;
                return invalid(why);
        }
        if (i < 0)
                return post(q, record, rkey);
        if (social.statuses[i].deleted) {
                note("the network posts %s once more", social.statuses[i].id);
                happened(POSTED_AFTER_REMOVAL);
                social.statuses[i].deleted = false;
                return told(i);
        }
        if (streq(strempty(sky_at(i)->record), json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN))) {
                note("the network gets %s again", social.statuses[i].id);
                happened(SAME_KEY_AGAIN);
                return told(i);
        }
        if (only_new) {
                happened(NAME_TAKEN);
                return sky_refuse(400, "InvalidSwap", "Record was at another cid");
        }
        social_edit(i, mj_str(record, "text"));
        note("the network edits %s: %s", social.statuses[i].id, social.statuses[i].text);
        return told(i);
}

/* Likes and reposts: a second one takes the place of the first. */
struct answer sky_create(const struct request *q)
{
        int i = sky_find(q->server, mj_str(mj_get(mj_get(q->body, "record"), "subject"), "uri"));
        bool like = strstr(mj_str(q->body, "collection"), "like");
        struct json_object *o;
        struct answer refusal;

        if (!like && !strstr(mj_str(q->body, "collection"), "repost"))
                return invalid("the model makes likes and reposts so");
        if (is_too_much(3, &refusal))
                return refusal;
        if (i >= 0) {
                *(like ? &social.statuses[i].liked : &social.statuses[i].boosted) = true;
                note("the brand %s %s", like ? "likes" : "reposts", social.statuses[i].id);
        }
        o = json_object_new_object();
        put_owned(o, "uri", xasprintf("at://record/%d", i));
        put_owned(o, "cid", xasprintf("bafyrei%052d", i + 1));
        return sky_reply(o);
}

struct answer sky_delete(const struct request *q)
{
        int i = own_named(q->server, mj_str(q->body, "rkey"));
        struct answer refusal;

        if (is_too_much(1, &refusal))
                return refusal;
        if (i >= 0 && !social.statuses[i].deleted)
                social_delete(i);
        return sky_reply(json_object_new_object());
}

static struct json_object *told_record(int i)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "uri", social.statuses[i].id);
        put_owned(o, "cid", sky_cid(i));
        json_object_object_add(o, "value", sky_record(i));
        return o;
}

/* Anybody's: it is there though the app does not show it. */
struct answer sky_get_record(const struct request *q)
{
        _cleanup_free_ char *repo = sky_parameter(q->query, "repo", 0), *collection = sky_parameter(q->query, "collection", 0);
        _cleanup_free_ char *rkey = sky_parameter(q->query, "rkey", 0), *uri = xasprintf("at://%s/%s/%s", repo, collection, rkey);
        int i = sky_find(q->server, uri);

        if (i < 0 || social.statuses[i].deleted)
                return sky_refuse(400, "RecordNotFound", "Could not locate record");
        return sky_reply(told_record(i));
}

static int by_name_down(const void *a, const void *b)
{
        return strcmp(sky_at(*(const int *) b)->rkey, sky_at(*(const int *) a)->rkey);
}

struct answer sky_list_records(const struct request *q)
{
        _cleanup_free_ char *cursor = sky_parameter(q->query, "cursor", 0), *limit = sky_parameter(q->query, "limit", 0);
        _cleanup_free_ int *all = xcalloc((size_t) social.n_statuses + 1, sizeof(int));
        struct json_object *o = json_object_new_object(), *list = json_object_new_array();
        int n = 0, max = MIN(atoi(limit), social.networks[q->server].page);

        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].network == q->server && social.statuses[i].account == BRAND && !social.statuses[i].deleted &&
                    (!*cursor || strcmp(sky_at(i)->rkey, cursor) < 0))
                        all[n++] = i;
        qsort(all, (size_t) n, sizeof(int), by_name_down);
        for (int i = 0; i < n && i < max; i++)
                (void) json_object_array_add(list, told_record(all[i]));
        json_object_object_add(o, "records", list);
        if (n)
                mj_put_str(o, "cursor", sky_at(all[MIN(n, max) - 1])->rkey);
        return sky_reply(o);
}

struct answer sky_upload(const struct request *q)
{
        struct json_object *o = json_object_new_object(), *blob = json_object_new_object(), *ref = json_object_new_object();

        put_owned(ref, "$link", xasprintf("bafkrei%052d", n_blobs++));
        mj_put_str(blob, "$type", "blob");
        json_object_object_add(blob, "ref", ref);
        mj_put_str(blob, "mimeType", q->type);
        mj_put_int(blob, "size", (int64_t) strlen(q->text));
        json_object_object_add(o, "blob", blob);
        return sky_reply(o);
}
