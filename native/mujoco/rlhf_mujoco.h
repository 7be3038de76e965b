// C ABI of librlhf_mujoco: models and simulations of MuJoCo, whose errors come back as a status.
//
// Every function but the first two returns a status (0: fine) and leaves its message in
// rlhf_mujoco_last_error() of the calling thread. Handles are opaque; each *_free takes the address of the
// handle and clears it. A model may serve many simulations on many threads; a simulation serves one thread at a
// time and keeps its model alive. MuJoCo's error in a call ends that simulation, not the process: later calls
// refuse it, and its memory stays until it is freed.
#ifndef RLHF_MUJOCO_H
#define RLHF_MUJOCO_H

#include <stdint.h>

#define RLHF_MUJOCO_ABI_VERSION 1

// Besides the statuses of abi.h: the physics left the numbers that MuJoCo computes with, or outgrew the model's
// <size>. MuJoCo itself would go on from a reset state; whoever asked for the steps decides here.
#define RLHF_MUJOCO_DIVERGED 4

// MuJoCo's kinds of warnings (mjtWarning), in its order.
#define RLHF_MUJOCO_WARNINGS 8

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rlhf_mujoco_model rlhf_mujoco_model;
typedef struct rlhf_mujoco_simulation rlhf_mujoco_simulation;

enum { RLHF_MUJOCO_GEOM = 0, RLHF_MUJOCO_SITE = 1, RLHF_MUJOCO_BODY = 2 };

// Sizes, and arrays that live as long as the model.
typedef struct {
    int32_t nq, nv, nu, nbody, ngeom, nsite;
    double timestep;
    const double* qpos0;              // [nq]
    const double* actuator_ctrlrange; // [nu, 2]
    const int32_t* geom_type;         // [ngeom] mjtGeom
    const double* geom_size;          // [ngeom, 3]
    const float* geom_rgba;           // [ngeom, 4]
} rlhf_mujoco_model_view;

// Arrays that live as long as the simulation.
typedef struct {
    double* time;            // [1] seconds
    double* qpos;            // [nq]
    double* qvel;            // [nv]
    double* ctrl;            // [nu]
    const double* geom_xpos; // [ngeom, 3] world
    const double* geom_xmat; // [ngeom, 9] world, row major
    const double* site_xpos; // [nsite, 3] world
} rlhf_mujoco_simulation_view;

// What a simulation used at most of what its model's <size> gives.
typedef struct {
    int64_t stack_used, stack_size;            // in doubles
    int64_t contacts_used, contacts_size;
    int64_t constraints_used, constraints_size;
    int64_t warnings[RLHF_MUJOCO_WARNINGS];    // since the simulation was made
} rlhf_mujoco_usage;

int32_t rlhf_mujoco_abi_version(void);
const char* rlhf_mujoco_last_error(void);

// mj_version() of the loaded library: 222 is 2.2.2.
int32_t rlhf_mujoco_version(int32_t* version);

// Compiles MJCF. name: what messages call the text, a file's name most often. Messages carry MuJoCo's line.
int32_t rlhf_mujoco_model_create(const char* name, const char* xml, int64_t length, rlhf_mujoco_model** model);
int32_t rlhf_mujoco_model_free(rlhf_mujoco_model** model);
int32_t rlhf_mujoco_model_view_get(rlhf_mujoco_model* model, rlhf_mujoco_model_view* view);
// id: −1 where the model has nothing of that name.
int32_t rlhf_mujoco_model_find(rlhf_mujoco_model* model, int32_t kind, const char* name, int32_t* id);
// name: owned by the model; empty where the object has none.
int32_t rlhf_mujoco_model_name(rlhf_mujoco_model* model, int32_t kind, int32_t id, const char** name);

int32_t rlhf_mujoco_simulation_create(rlhf_mujoco_model* model, rlhf_mujoco_simulation** simulation);
int32_t rlhf_mujoco_simulation_free(rlhf_mujoco_simulation** simulation);
int32_t rlhf_mujoco_simulation_view_get(rlhf_mujoco_simulation* simulation, rlhf_mujoco_simulation_view* view);
// Back to qpos0, at rest, time 0.
int32_t rlhf_mujoco_simulation_reset(rlhf_mujoco_simulation* simulation);
// Everything that follows from qpos, qvel and ctrl, without a step.
int32_t rlhf_mujoco_simulation_forward(rlhf_mujoco_simulation* simulation);
// count × mj_step, then the positions that follow from the last qpos. Stops at the first divergence.
int32_t rlhf_mujoco_simulation_step(rlhf_mujoco_simulation* simulation, int32_t count);
// The mjModel and mjData themselves, for measurements beside MuJoCo alone. They belong to the handles.
int32_t rlhf_mujoco_simulation_raw(rlhf_mujoco_simulation* simulation, const void** model, void** data);
int32_t rlhf_mujoco_simulation_usage(rlhf_mujoco_simulation* simulation, rlhf_mujoco_usage* usage);

#ifdef __cplusplus
}
#endif

#endif
