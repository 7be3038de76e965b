// The C border over MuJoCo: checks handles and pointers, traps errors, counts warnings.
#include <mujoco/mujoco.h>

#include <cctype>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "abi/abi.h"
#include "mujoco/rlhf_mujoco.h"
#include "mujoco/trap.h"

using rlhf::abi::guard;
using rlhf::abi::InvalidArgument;
using rlhf::mujoco::trapped;

static_assert(std::is_same_v<mjtNum, double>, "arrays are handed out as doubles");
static_assert(mjNWARNING == RLHF_MUJOCO_WARNINGS, "rlhf_mujoco_usage lists every kind of warning");

struct rlhf_mujoco_model {
    std::shared_ptr<mjModel> model;
};

struct rlhf_mujoco_simulation {
    std::shared_ptr<mjModel> model;
    mjData* data = nullptr;
    std::vector<double> positions;
    int64_t warnings[RLHF_MUJOCO_WARNINGS] = {};
    bool dead = false;

    ~rlhf_mujoco_simulation() {
        mjData* doomed = data;
        trapped([doomed] { mj_deleteData(doomed); });
    }
};

namespace {

// After these the state is not what the equations of motion gave: reset by MuJoCo, or short of contacts or forces.
constexpr int kFatal[] = {mjWARN_CONTACTFULL, mjWARN_CNSTRFULL, mjWARN_BADQPOS,
                          mjWARN_BADQVEL,     mjWARN_BADQACC,   mjWARN_BADCTRL};

template <class T>
T& need(T* pointer, const char* what) {
    if (pointer == nullptr) throw InvalidArgument(std::string(what) + " is null");
    return *pointer;
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": MuJoCo: " + rlhf::mujoco::last_error_text());
}

rlhf_mujoco_simulation& alive(rlhf_mujoco_simulation* simulation) {
    if (need(simulation, "simulation").dead)
        throw InvalidArgument("the simulation ended with an error before and can only be freed");
    return *simulation;
}

int object_type(int32_t kind) {
    switch (kind) {
        case RLHF_MUJOCO_GEOM: return mjOBJ_GEOM;
        case RLHF_MUJOCO_SITE: return mjOBJ_SITE;
        case RLHF_MUJOCO_BODY: return mjOBJ_BODY;
        default: throw InvalidArgument("kind " + std::to_string(kind) + " of 3");
    }
}

// Moves MuJoCo's counters into ours. True when one of them says that the state is not to be trusted.
bool take_warnings(rlhf_mujoco_simulation& simulation) {
    mjWarningStat* all = simulation.data->warning;
    bool any = false, fatal = false;
    for (int k = 0; k < mjNWARNING; k++) any |= all[k].number != 0;
    if (!any) return false;
    for (int k : kFatal) fatal |= all[k].number != 0;
    for (int k = 0; k < mjNWARNING; k++) {
        simulation.warnings[k] += all[k].number;
        all[k].number = 0;
    }
    return fatal;
}

// Runs MuJoCo on a simulation, which does not outlive an error.
template <class Body>
void run(rlhf_mujoco_simulation& simulation, const char* what, Body body) {
    if (!trapped(body)) {
        simulation.dead = true;
        fail(what);
    }
}

std::shared_ptr<mjModel> compile(const char* name, const char* xml, size_t length) {
    // MuJoCo's compiler keeps state of its own between calls.
    static std::mutex one_at_a_time;
    const std::lock_guard<std::mutex> lock(one_at_a_time);
    rlhf::mujoco::install_hooks();

    // Two megabytes: never on the stack. The file's own name may be too long for it.
    constexpr const char* kFile = "model.xml";
    const auto files = std::make_unique<mjVFS>();
    mjVFS* vfs = files.get();
    char message[1024] = "";
    mjModel* model = nullptr;
    if (length == 0) throw InvalidArgument(std::string(name) + ": the text is empty, expected MJCF");
    const bool whole = trapped([&] {
        mj_defaultVFS(vfs);
        if (mj_makeEmptyFileVFS(vfs, kFile, static_cast<int>(length)) != 0) return;
        std::memcpy(vfs->filedata[mj_findFileVFS(vfs, kFile)], xml, length);
        model = mj_loadXML(kFile, vfs, message, sizeof message);
    });
    trapped([&] { mj_deleteVFS(vfs); });
    if (!whole) fail(name);
    if (model == nullptr) {
        std::string text = message[0] != '\0' ? message : "out of memory";
        while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
        for (size_t at; (at = text.find('\n')) != std::string::npos;) text.replace(at, 1, ", ");
        throw InvalidArgument(std::string(name) + ": " + text);
    }
    return std::shared_ptr<mjModel>(model, [](mjModel* doomed) { trapped([doomed] { mj_deleteModel(doomed); }); });
}

}  // namespace

RLHF_API int32_t rlhf_mujoco_abi_version(void) { return RLHF_MUJOCO_ABI_VERSION; }

RLHF_API const char* rlhf_mujoco_last_error(void) { return rlhf::abi::last_error().c_str(); }

RLHF_API int32_t rlhf_mujoco_version(int32_t* version) {
    return guard([&] { need(version, "version") = mj_version(); });
}

RLHF_API int32_t rlhf_mujoco_model_create(const char* name, const char* xml, int64_t length,
                                          rlhf_mujoco_model** model) {
    return guard([&] {
        need(model, "model") = nullptr;
        need(xml, "xml");
        if (length < 0 || length > INT32_MAX) throw InvalidArgument("length " + std::to_string(length));
        *model = new rlhf_mujoco_model{compile(&need(name, "name"), xml, static_cast<size_t>(length))};
    });
}

RLHF_API int32_t rlhf_mujoco_model_free(rlhf_mujoco_model** model) {
    return guard([&] { delete std::exchange(need(model, "model"), nullptr); });
}

RLHF_API int32_t rlhf_mujoco_model_view_get(rlhf_mujoco_model* model, rlhf_mujoco_model_view* view) {
    return guard([&] {
        const mjModel& m = *need(model, "model").model;
        need(view, "view") = {m.nq,    m.nv,    m.nu,
                              m.nbody, m.ngeom, m.nsite,
                              m.opt.timestep,
                              m.qpos0, m.actuator_ctrlrange, m.geom_type, m.geom_size, m.geom_rgba};
    });
}

RLHF_API int32_t rlhf_mujoco_model_find(rlhf_mujoco_model* model, int32_t kind, const char* name, int32_t* id) {
    return guard([&] {
        const mjModel* m = need(model, "model").model.get();
        need(id, "id") = mj_name2id(m, object_type(kind), &need(name, "name"));
    });
}

RLHF_API int32_t rlhf_mujoco_model_name(rlhf_mujoco_model* model, int32_t kind, int32_t id, const char** name) {
    return guard([&] {
        const char* text = mj_id2name(need(model, "model").model.get(), object_type(kind), id);
        need(name, "name") = text != nullptr ? text : "";
    });
}

RLHF_API int32_t rlhf_mujoco_simulation_create(rlhf_mujoco_model* model, rlhf_mujoco_simulation** simulation) {
    return guard([&] {
        need(simulation, "simulation") = nullptr;
        auto made = std::make_unique<rlhf_mujoco_simulation>();
        made->model = need(model, "model").model;
        const mjModel* m = made->model.get();
        made->positions.resize(static_cast<size_t>(m->nq));
        mjData** data = &made->data;
        if (!trapped([m, data] { *data = mj_makeData(m); })) fail("a simulation");
        if (made->data == nullptr) throw std::bad_alloc();
        *simulation = made.release();
    });
}

RLHF_API int32_t rlhf_mujoco_simulation_free(rlhf_mujoco_simulation** simulation) {
    return guard([&] { delete std::exchange(need(simulation, "simulation"), nullptr); });
}

RLHF_API int32_t rlhf_mujoco_simulation_view_get(rlhf_mujoco_simulation* simulation,
                                                 rlhf_mujoco_simulation_view* view) {
    return guard([&] {
        mjData& d = *need(simulation, "simulation").data;
        need(view, "view") = {&d.time, d.qpos, d.qvel, d.ctrl, d.geom_xpos, d.geom_xmat, d.site_xpos};
    });
}

RLHF_API int32_t rlhf_mujoco_simulation_reset(rlhf_mujoco_simulation* simulation) {
    return guard([&] {
        rlhf_mujoco_simulation& s = alive(simulation);
        const mjModel* m = s.model.get();
        mjData* d = s.data;
        run(s, "reset", [m, d] { mj_resetData(m, d); });
    });
}

RLHF_API int32_t rlhf_mujoco_simulation_forward(rlhf_mujoco_simulation* simulation) {
    return guard([&] {
        rlhf_mujoco_simulation& s = alive(simulation);
        const mjModel* m = s.model.get();
        mjData* d = s.data;
        run(s, "forward", [m, d] { mj_forward(m, d); });
    });
}

RLHF_API int32_t rlhf_mujoco_simulation_step(rlhf_mujoco_simulation* simulation, int32_t count) {
    bool diverged = false;
    const int status = guard([&] {
        rlhf_mujoco_simulation& s = alive(simulation);
        if (count < 1) throw InvalidArgument("count must be positive, got " + std::to_string(count));
        const mjModel* m = s.model.get();
        mjData* d = s.data;
        bool* stop = &diverged;
        run(s, "step", [&s, m, d, count, stop] {
            for (int32_t k = 0; k < count && !*stop; k++) {
                mj_step(m, d);
                *stop = take_warnings(s);
            }
            if (*stop) return;
            // The last mj_step leaves positions in the world as they were before it moved qpos. Where they are computed,
            // quaternions are normalised; put back, the state has the bits that mj_step alone would have given.
            const size_t bytes = sizeof(double) * static_cast<size_t>(m->nq);
            std::memcpy(s.positions.data(), d->qpos, bytes);
            mj_kinematics(m, d);
            std::memcpy(d->qpos, s.positions.data(), bytes);
        });
        if (diverged) {
            rlhf::abi::last_error() = std::string("MuJoCo: ") + rlhf::mujoco::last_warning_text();
            rlhf::mujoco::clear_warning_text();
        }
    });
    return status == rlhf::abi::kOk && diverged ? RLHF_MUJOCO_DIVERGED : status;
}

RLHF_API int32_t rlhf_mujoco_simulation_raw(rlhf_mujoco_simulation* simulation, const void** model, void** data) {
    return guard([&] {
        const rlhf_mujoco_simulation& s = need(simulation, "simulation");
        need(model, "model") = s.model.get();
        need(data, "data") = s.data;
    });
}

RLHF_API int32_t rlhf_mujoco_simulation_usage(rlhf_mujoco_simulation* simulation, rlhf_mujoco_usage* usage) {
    return guard([&] {
        const rlhf_mujoco_simulation& s = need(simulation, "simulation");
        rlhf_mujoco_usage& u = need(usage, "usage");
        u = {s.data->maxuse_stack, s.model->nstack,  s.data->maxuse_con,
             s.model->nconmax,     s.data->maxuse_efc, s.model->njmax, {}};
        std::memcpy(u.warnings, s.warnings, sizeof u.warnings);
    });
}
