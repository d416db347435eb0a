/* SPDX-License-Identifier: MIT
 *
 * What the daemon has the bot of the model of Telegram say and change.  Owns nothing.
 */
#include "telegram.h"

#define TEXT_MAX 4096            /* of UTF-16; with a file 1024 */
#define CAPTION_MAX 1024
#define SURE_USEC (5 * USEC_PER_SEC)     /* so long after it has an answer the daemon has stored it */

bool telegram_writes(const struct request *q)
{
        return !streq(q->method, "GET");
}

/* --- What is asked, as JSON or as a form --- */

static char *field(const struct request *q, const char *name)
{
        _cleanup_free_ char *head = xasprintf("name=\"%s\"", name);
        const char *at, *end;

        if (q->body)
                return xstrdup(mj_str(q->body, name));
        at = strstr(q->text, head);
        at = at ? strstr(at, "\r\n\r\n") : NULL;
        end = at ? strstr(at, "\r\n--") : NULL;
        return end ? xstrndup(at + 4, (size_t) (end - at - 4)) : xstrdup("");
}

static struct json_object *object(const struct request *q, const char *name)
{
        _cleanup_free_ char *text = q->body ? NULL : field(q, name);

        return text ? json_tokener_parse(text) : json_object_get(mj_get(q->body, name));
}

static int64_t number(const struct request *q, const char *name)
{
        _cleanup_free_ char *text = field(q, name);

        return strtoll(text, NULL, 10);
}

static size_t utf16_length(const char *text)
{
        size_t n = 0;

        for (const unsigned char *p = (const unsigned char *) text; *p; p++)
                n += (*p & 0xc0) != 0x80 ? *p >= 0xf0 ? 2 : 1 : 0;
        return n;
}

/* --- What it says --- */

static void be_sure(void *data)
{
        int i = (int) (intptr_t) data;
        const struct telegram_post *p = &telegram.posts[i];

        if (sim.incarnation != p->told_incarnation || sim.crashed || sim.disk_failed_usec >= p->told_usec)
                social.statuses[i].failed_fetches = 5;   /* the daemon may know that post, or not */
}

static void on_delivery(int status)
{
        telegram.posts[status].told_usec = sim.now;
        telegram.posts[status].told_incarnation = sim.incarnation;
        telegram_sort();
        sim_in(SURE_USEC, be_sure, (void *) (intptr_t) status);
}

/* A chat wants no more messages for some time; the others do. */
static struct answer too_many(void)
{
        int64_t seconds = between(R_NET, 1, chance(R_NET, 800) ? 40 : 900);
        _cleanup_free_ char *text = xasprintf("Too Many Requests: retry after %lld", (long long) seconds);
        struct answer a = telegram_refuse(429, text);
        struct json_object *parameters = json_object_new_object();

        happened(CHAT_LIMITED);
        mj_put_int(parameters, "retry_after", seconds);
        json_object_object_add(a.json, "parameters", parameters);
        return a;
}

static struct answer moved(const struct telegram_chat *chat)
{
        struct answer a = telegram_refuse(400, "Bad Request: group chat was upgraded to a supergroup chat");
        struct json_object *parameters = json_object_new_object();

        mj_put_int(parameters, "migrate_to_chat_id", strtoll(telegram.chats[chat->moved_to].id, NULL, 10));
        json_object_object_add(a.json, "parameters", parameters);
        return a;
}

/* What is answered; -1: nothing that is there. */
static int target_of(const struct request *q, int chat, bool *ret_alone)
{
        struct json_object *to = object(q, "reply_parameters");
        int other = *mj_str(to, "chat_id") ? telegram_chat_named(mj_str(to, "chat_id")) : chat;
        int target = telegram_message(other, (int) mj_int(to, "message_id", -1));

        *ret_alone = !to || mj_true(to, "allow_sending_without_reply");
        (void) json_object_put(to);
        return target >= 0 && !social.statuses[target].deleted ? target : -1;
}

static struct answer refuse_note(int note, const char *description)
{
        if (note >= 0)
                agent_notes[note].rejected++;
        return telegram_refuse(400, description);
}

static struct answer say(const struct request *q, bool file)
{
        _cleanup_free_ char *text = field(q, file ? "caption" : "text"), *id = field(q, "chat_id");
        int chat = telegram_chat_named(id), by = people_note_in(text), target, i;
        struct answer a;
        bool alone;

        if (by >= 0)
                agent_notes[by].sends++;
        if (chat < 0)
                return refuse_note(by, "Bad Request: chat not found");
        if (telegram.chats[chat].moved_to >= 0)
                return moved(&telegram.chats[chat]);
        if (sim.faults && chance(R_NET, 150))
                return too_many();
        if (!*text && !file)
                return refuse_note(by, "Bad Request: message text is empty");
        if (utf16_length(text) > (file ? CAPTION_MAX : TEXT_MAX))
                return refuse_note(by, "Bad Request: message is too long");
        target = target_of(q, chat, &alone);
        if (target < 0 && !alone)
                return refuse_note(by, "Bad Request: message to be replied not found");
        if (target < 0 && telegram.chats[chat].visibility != 'd')
                oracle_rude("an answer in a group stands alone");
        if (target >= 0 && telegram.posts[target].topic != number(q, "message_thread_id"))
                target = -1;             /* it goes to the general topic */
        telegram_posts_into(chat);
        i = social_post(q->server, BRAND, target, false, telegram.chats[chat].visibility, text, "");
        telegram_posts_into(-1);
        social.statuses[i].by_api = true;
        social.statuses[i].sent = q->sent_usec;
        social.statuses[i].sent_jump = q->sent_jump;
        telegram_sort();
        note("the network posts %s: it answers %s: %s", social.statuses[i].id, target >= 0 ? social.statuses[target].id : "nothing", text);
        a = telegram_reply(telegram_json(i, text, false));
        a.delivered = i;
        a.on_delivery = on_delivery;
        return a;
}

/* --- What it changes --- */

static struct answer change(const struct request *q, const char *method)
{
        _cleanup_free_ char *id = field(q, "chat_id");
        int chat = telegram_chat_named(id), i;
        struct status *s;

        if (chat < 0)
                return telegram_refuse(400, "Bad Request: chat not found");
        if (telegram.chats[chat].moved_to >= 0)
                return moved(&telegram.chats[chat]);
        i = telegram_message(chat, (int) number(q, "message_id"));
        s = i < 0 ? NULL : &social.statuses[i];
        if (!s || s->deleted)
                return telegram_refuse(400, "Bad Request: message to edit, delete or react not found");
        if (streq(method, "setMessageReaction")) {
                s->liked = true;
                note("the bot likes %s", s->id);
                return telegram_reply(json_object_new_boolean(true));
        }
        if (s->account != BRAND)
                return telegram_refuse(400, "Bad Request: message can't be edited, or deleted for everyone");
        if (streq(method, "deleteMessage")) {
                social_delete(i);
                return telegram_reply(json_object_new_boolean(true));
        }
        if (!streq(method, "editMessageText"))
                return telegram_refuse(404, "Not Found: method not found");
        if (streq(mj_str(q->body, "text"), s->text))
                return telegram_refuse(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same");
        social_edit(i, mj_str(q->body, "text"));
        note("the network edits %s: %s", s->id, s->text);
        if (people_note_in(s->text) >= 0)
                agent_notes[people_note_in(s->text)].sends++;
        return telegram_reply(telegram_json(i, s->text, true));
}

struct answer telegram_write(const struct request *q, const char *method)
{
        if (streq(method, "sendMessage") || streq(method, "sendPhoto") || streq(method, "sendDocument"))
                return say(q, !streq(method, "sendMessage"));
        return change(q, method);
}

/* That a post is swallowed as spam this network does not know. */
void telegram_on_fault(const struct request *q)
{
        _cleanup_free_ char *text = field(q, "text"), *caption = field(q, "caption");
        int note = q->fault.spam || streq(q->method, "GET") ? -1 : people_note_in(*text ? text : caption);

        if (note >= 0)
                agent_notes[note].lost_sends++;
}
