// C ABI of librlhf_torch: decoder-only transformers over libtorch.
//
// Every function but the first two returns a status (0: fine) and leaves its message in
// rlhf_torch_last_error() of the calling thread. Handles are opaque; each *_free takes the address of the
// handle and clears it, so that freeing twice does nothing. A handle serves one thread at a time; different
// handles may run side by side. Matrices are f32, row major, dense. B sequences, L columns, H hidden size, V
// vocabulary.
#ifndef RLHF_TORCH_H
#define RLHF_TORCH_H

#include <stdint.h>

#define RLHF_TORCH_ABI_VERSION 2

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rlhf_torch_model rlhf_torch_model;
typedef struct rlhf_torch_decoder rlhf_torch_decoder;

enum { RLHF_NORM_LAYER = 0, RLHF_NORM_RMS = 1 };
enum { RLHF_ACT_GELU_TANH = 0, RLHF_ACT_GELU_ERF = 1, RLHF_ACT_SILU = 2, RLHF_ACT_RELU = 3 };
enum {
    RLHF_QKV_GROUPED = 0 /* all queries, all keys, all values */,
    RLHF_QKV_PER_HEAD = 1 /* q,k,v of head 0, … */
};
enum { RLHF_WEIGHT_OUT_IN = 0, RLHF_WEIGHT_IN_OUT = 1 /* GPT-2's Conv1D */ };
enum { RLHF_HEAD_NONE = 0, RLHF_HEAD_TIED = 1, RLHF_HEAD_UNTIED = 2, RLHF_HEAD_SCALAR = 3 };

typedef struct {
    int32_t vocab_size, hidden_size, layers, heads, kv_heads, head_dim, intermediate_size;
    int32_t max_positions;  // rows of the learned position table; not a limit for rotary models
    int32_t rotary_dims;    // leading dimensions of each head that rotate; 0: learned positions
    int32_t norm, activation, gated, qkv_layout, weight_layout;
    int32_t parallel_residual;
    int32_t qkv_bias, out_bias, mlp_bias, head, head_bias;
    int32_t sliding_window;  // keys a query sees, itself included; 0: all
    float norm_epsilon, attention_scale;
    double rope_theta;
} rlhf_torch_spec;

typedef struct {
    const char* name;  // owned by the model
    int64_t offset;    // first element in the flat buffers
    int64_t rows, cols;
} rlhf_torch_parameter;

// B×L tokens. mask (1: real token, may be null: all real); positions (null: 0…L−1). Padding costs no
// computation.
typedef struct {
    int32_t batch, length;
    const int32_t* ids;
    const uint8_t* mask;
    const int32_t* positions;
} rlhf_torch_batch;

int32_t rlhf_torch_abi_version(void);
const char* rlhf_torch_last_error(void);

// Version of libtorch, its capability, the BLAS core type and thread count, as one line.
int32_t rlhf_torch_describe(char* text, int32_t capacity);
int32_t rlhf_torch_set_threads(int32_t threads);

int32_t rlhf_torch_model_create(const rlhf_torch_spec* spec, rlhf_torch_model** model);
int32_t rlhf_torch_model_free(rlhf_torch_model** model);
int32_t rlhf_torch_model_size(rlhf_torch_model* model, int32_t* parameters, int64_t* elements);
int32_t rlhf_torch_model_parameter(rlhf_torch_model* model, int32_t index, rlhf_torch_parameter* parameter);
int32_t rlhf_torch_model_weights(rlhf_torch_model* model, float** weights);
// The gradient buffer is made, zeroed, at the first call: a model that only runs forward has none.
int32_t rlhf_torch_model_gradients(rlhf_torch_model* model, float** gradients);

// Hidden states after the final norm of the rows named (flat indices b·L+t; null: all B·L), as [row_count,
// H]; zeros at padding. Valid until the model's next forward or free. keep != 0 keeps what backward needs.
int32_t rlhf_torch_model_forward(rlhf_torch_model* model, const rlhf_torch_batch* batch, const int32_t* rows,
                                 int32_t row_count, int32_t keep, float** hidden);
// Adds the gradients of all parameters but the head's, given d loss / d hidden of the last kept forward.
int32_t rlhf_torch_model_backward(rlhf_torch_model* model, const float* grad_hidden);
// Drops the workspace of forward and backward.
int32_t rlhf_torch_model_trim(rlhf_torch_model* model);

// KV cache for up to `sequences` sequences of up to `capacity` tokens. The model outlives its handle while a
// decoder uses it.
int32_t rlhf_torch_decoder_create(rlhf_torch_model* model, int32_t sequences, int32_t capacity,
                                  rlhf_torch_decoder** decoder);
int32_t rlhf_torch_decoder_free(rlhf_torch_decoder** decoder);
// Starts over with these prompts; logits [B,V] of the token after each prompt. Valid until the next call.
int32_t rlhf_torch_decoder_prefill(rlhf_torch_decoder* decoder, const rlhf_torch_batch* batch,
                                   float** logits);
// Appends one token to each running sequence; logits [running,V].
int32_t rlhf_torch_decoder_step(rlhf_torch_decoder* decoder, const int32_t* tokens, int32_t count,
                                float** logits);
// Goes on with these of the running sequences, in this order; the others leave the batch.
int32_t rlhf_torch_decoder_keep(rlhf_torch_decoder* decoder, const int32_t* indices, int32_t count);

#ifdef __cplusplus
}
#endif

#endif
