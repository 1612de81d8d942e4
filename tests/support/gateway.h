/*
 * gateway: a whole worker in the simulated world, with scripted providers and clients that check
 * what they are told.  One at a time.
 *
 * Models: "one" at alpha; "two" at alpha, then beta; "three" at alpha, beta, then gamma; "claude"
 * at gamma; "demo/echo".  alpha and beta speak the openai dialect, gamma the anthropic one.  The
 * client's key is "sk-test".
 */
#pragma once

#include "gate/worker.h"

#include "sim.h"
#include "store_double.h"

enum { ALPHA, BETA, GAMMA, PROVIDERS };
/* Other servers: one that hands out logins, at an address that only the gateway itself may ask, and
 * one with files, at a public address. */
enum { LOGINS = PROVIDERS, FILES, SERVERS };

#define LOGINS_ADDRESS "169.254.169.254"
#define FILES_ADDRESS "93.184.216.34"

/* What comes after the bytes of a reply. */
enum reply_end { REPLY_STAYS, REPLY_CLOSES, REPLY_RESETS };

struct reply {
    str bytes; /* borrowed */
    int64_t delay_us;
    size_t piece_bytes; /* sent in pieces of so many bytes; 0: at once */
    int64_t piece_us;   /* between two pieces */
    enum reply_end end;
};

/* A provider answers its requests in order; its last reply serves all further ones.  Without any it
 * is silent. */
struct scripted {
    struct reply replies[8];
    size_t reply_count;
    size_t request_count;
    struct buf heard; /* all whole requests, one behind the other */
    size_t connection_count;
    struct sim_peer *last; /* the connection that opened last */
};

struct gateway {
    struct worker worker;
    struct snapshot *snapshot;
    struct settings *settings; /* of the snapshot: to be changed before gateway_open() */
    struct arena arena;
    int fd;
    struct scripted providers[SERVERS];
};

/* Makes a world and a snapshot; gateway_open() starts the worker. */
void gateway_make(struct gateway *gateway, uint64_t seed);
void gateway_open(struct gateway *gateway);
/* Ends the worker.  What it left open: sockets.  The world is stopped. */
size_t gateway_free(struct gateway *gateway);

void gateway_reply(struct gateway *gateway, int provider, const struct reply *reply);
/* The address of a provider answers so from now on. */
void gateway_place(struct gateway *gateway, int provider, enum sim_answer answer);

void gateway_settle(struct gateway *gateway);
void gateway_run_for(struct gateway *gateway, int64_t us);

/* --- clients --- */

struct sim_peer *gateway_dial(struct gateway *gateway);
/* A chat request for `model`; `more` are further members, such as "\"stream\":true". */
void gateway_ask(struct sim_peer *client, const char *model, const char *more);
/* The same with messages of one's own, as JSON. */
void gateway_ask_about(struct sim_peer *client, const char *model, const char *messages,
                       const char *more);

/* What a client was told, read strictly. */
struct told {
    bool is_broken;   /* what came is not HTTP */
    bool is_complete; /* the first answer ended as its framing says */
    int status;
    struct buf body;     /* of the first answer */
    size_t answer_count; /* complete ones */

    /* Of the first answer's body. */
    bool is_stream;
    bool is_json;    /* the body, or the data of every event, is JSON */
    struct buf text; /* `content` of the first choice, joined */
    bool has_error;
    char error_type[48];
    int64_t error_code;
    char finish[24]; /* the last finish_reason */
    size_t finish_count;
    size_t done_count; /* of [DONE] */
    bool has_usage;
    size_t comment_count;
};

void told_read(struct told *told, const struct sim_peer *client);
void told_free(struct told *told);

/* True when a client would take it for a whole answer. */
bool told_looks_complete(const struct told *told);
