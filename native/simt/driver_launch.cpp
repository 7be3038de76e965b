// Modules, functions and launches.
#include <algorithm>
#include <cstring>

#include "driver.h"

using namespace rlhf_simt;

namespace {

constexpr int kJitErrorLog = 5, kJitErrorLogBytes = 6;
constexpr int kLargestPortableCluster = 8;

void write_log(const std::string& text, unsigned count, const int* options, void** values) {
    char* log = nullptr;
    std::size_t bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        log = options[i] == kJitErrorLog ? static_cast<char*>(values[i]) : log;
        bytes = options[i] == kJitErrorLogBytes ? reinterpret_cast<std::size_t>(values[i]) : bytes;
    }
    if (log != nullptr && bytes > 0) {
        std::strncpy(log, text.c_str(), bytes);
        log[bytes - 1] = '\0';
    }
}

int registers_of(const Kernel& kernel) {
    int registers = kernel.registers != 0 ? kernel.registers : kernel.image_registers;
    if (registers == 0) {
        // What the launch bounds leave the compiler.
        auto resident = static_cast<int>(kernel.entry.threads * std::max(kernel.entry.min_blocks, 1u));
        registers = std::min(255, kRegistersPerMultiprocessor / std::max(resident, 1) / 8 * 8);
    }
    return registers;
}

int static_shared_of(const Kernel& kernel) {
    return kernel.image_shared >= 0 ? kernel.image_shared.load() : kernel.static_shared.load();
}

CUresult check_shape(const CUfunc_st& function, const Launch& launch) {
    const Index3 &grid = launch.grid, &block = launch.block;
    unsigned long long threads = 1ull * block.x * block.y * block.z;
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || threads == 0 || grid.x > 0x7FFFFFFFu || grid.y > 65535 || grid.z > 65535 ||
        block.z > 64 || threads > kMaxThreads) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (threads > function.kernel->entry.threads) {
        return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
    }
    if (launch.shared_bytes < 0 || launch.shared_bytes > function.dynamic_limit ||
        launch.shared_bytes + static_shared_of(*function.kernel) > device_model().shared_per_block) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (launch.cluster > 1) {
        unsigned long long blocks = 1ull * grid.x * grid.y * grid.z;
        if (device_model().architecture < 90 || launch.cluster > kLargestPortableCluster ||
            blocks % static_cast<unsigned>(launch.cluster) != 0 || grid.x % static_cast<unsigned>(launch.cluster) != 0) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    return CUDA_SUCCESS;
}

CUresult read_parameters(const Entry& entry, void** pointers, void** extra, std::vector<unsigned char>* block) {
    const void* buffer = nullptr;
    std::size_t bytes = entry.param_bytes;
    if (extra != nullptr) {
        if (pointers != nullptr) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        for (void** option = extra; *option != CU_LAUNCH_PARAM_END; option += 2) {
            if (*option == CU_LAUNCH_PARAM_BUFFER_POINTER) {
                buffer = option[1];
            } else if (*option == CU_LAUNCH_PARAM_BUFFER_SIZE) {
                bytes = *static_cast<const std::size_t*>(option[1]);
            } else {
                return CUDA_ERROR_INVALID_VALUE;
            }
        }
    } else if (pointers != nullptr) {
        buffer = pointers[0];
    }
    if (buffer == nullptr || bytes != entry.param_bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    block->resize(bytes);
    std::memcpy(block->data(), buffer, bytes);
    return CUDA_SUCCESS;
}

CUresult launch_kernel(CUfunction function, Launch launch, CUstream stream, void** pointers, void** extra) {
    if (CUresult status = ready(); status != CUDA_SUCCESS) {
        return status;
    }
    if (!is_live(function)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    launch.kernel = function->kernel;
    CUresult status = check_shape(*function, launch);
    status = status == CUDA_SUCCESS ? read_parameters(function->kernel->entry, pointers, extra, &launch.params) : status;
    return status == CUDA_SUCCESS ? submit(stream, [launch] { run_launch(launch); }) : status;
}

}  // namespace

RLHF_CUDA cuModuleLoadDataEx(CUmodule* module, const void* data, unsigned count, int* options, void** values) {
    *module = nullptr;
    if (CUresult status = ready(); status != CUDA_SUCCESS) {
        return status;
    }
    Image image = read_image(data, device_model().architecture);
    if (image.status != CUDA_SUCCESS) {
        write_log(image.problem, count, options, values);
        return image.status;
    }
    auto loaded = std::make_unique<CUmod_st>();
    std::lock_guard<std::recursive_mutex> lock(Driver::instance().mutex);
    for (const ImageEntry& entry : image.entries) {
        Kernel* kernel = find_kernel(entry.name);
        if (entry.static_shared >= 0) {
            kernel->image_shared = entry.static_shared;
        }
        if (entry.registers > 0) {
            kernel->image_registers = entry.registers;
        }
        auto function = std::make_unique<CUfunc_st>(CUfunc_st{kernel, kDefaultSharedPerBlock});
        Driver::instance().live.insert(function.get());
        loaded->functions[entry.name] = std::move(function);
    }
    *module = loaded.release();
    Driver::instance().live.insert(*module);
    return CUDA_SUCCESS;
}

RLHF_CUDA cuModuleLoadData(CUmodule* module, const void* data) {
    return cuModuleLoadDataEx(module, data, 0, nullptr, nullptr);
}

RLHF_CUDA cuModuleUnload(CUmodule module) {
    std::lock_guard<std::recursive_mutex> lock(Driver::instance().mutex);
    if (Driver::instance().live.erase(module) == 0) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    for (auto& function : module->functions) {
        Driver::instance().live.erase(function.second.get());
    }
    delete module;
    return CUDA_SUCCESS;
}

RLHF_CUDA cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    *function = nullptr;
    if (!is_live(module)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    auto found = module->functions.find(name);
    if (found == module->functions.end()) {
        return CUDA_ERROR_NOT_FOUND;
    }
    *function = found->second.get();
    return ready();
}

RLHF_CUDA cuFuncGetAttribute(int* value, int which, CUfunction function) {
    if (!is_live(function)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    const Kernel& kernel = *function->kernel;
    switch (which) {
        case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
            *value = static_cast<int>(kernel.entry.threads);
            break;
        case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
            *value = static_shared_of(kernel);
            break;
        case CU_FUNC_ATTRIBUTE_NUM_REGS:
            *value = registers_of(kernel);
            break;
        case CU_FUNC_ATTRIBUTE_PTX_VERSION:
        case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
            *value = device_model().architecture;
            break;
        case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
            *value = function->dynamic_limit;
            break;
        default:
            *value = 0;
            break;
    }
    return ready();
}

RLHF_CUDA cuFuncSetAttribute(CUfunction function, int which, int value) {
    if (!is_live(function)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (which == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
        if (value < 0 || value + static_shared_of(*function->kernel) > device_model().shared_per_block) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        function->dynamic_limit = value;
        return ready();
    }
    bool harmless = which == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT || which == CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED;
    return harmless ? ready() : CUDA_ERROR_INVALID_VALUE;
}

RLHF_CUDA cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function, int threads, std::size_t shared_bytes) {
    if (!is_live(function)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (threads < 1 || threads > kMaxThreads) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const Kernel& kernel = *function->kernel;
    *blocks = resident_blocks(threads, registers_of(kernel), static_shared_of(kernel) + static_cast<int>(shared_bytes));
    return ready();
}

RLHF_CUDA cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                         unsigned block_z, unsigned shared_bytes, CUstream stream, void** parameters, void** extra) {
    Launch launch;
    launch.grid = Index3{grid_x, grid_y, grid_z};
    launch.block = Index3{block_x, block_y, block_z};
    launch.shared_bytes = static_cast<int>(shared_bytes);
    return launch_kernel(function, launch, stream, parameters, extra);
}

RLHF_CUDA cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters, void** extra) {
    Launch launch;
    launch.grid = Index3{config->gridDimX, config->gridDimY, config->gridDimZ};
    launch.block = Index3{config->blockDimX, config->blockDimY, config->blockDimZ};
    launch.shared_bytes = static_cast<int>(config->sharedMemBytes);
    for (unsigned i = 0; i < config->numAttrs; i++) {
        if (config->attrs[i].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
            const auto& size = config->attrs[i].value.clusterDim;
            if (size.x == 0 || size.y != 1 || size.z != 1) {
                return CUDA_ERROR_INVALID_VALUE;
            }
            launch.cluster = static_cast<int>(size.x);
        }
    }
    return launch_kernel(function, launch, config->hStream, parameters, extra);
}
