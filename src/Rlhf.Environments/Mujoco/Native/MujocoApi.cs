using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Rlhf.Environments.Mujoco.Native;

/// <summary>One wrapper for each function of native/mujoco/rlhf_mujoco.h. Each ends in <see cref="ThrowIfFailed"/>.</summary>
internal static unsafe partial class MujocoApi
{
    internal const int Geom = 0, Site = 1;
    private const int AbiVersion = 1;
    private const int Diverged = 4;
    private const string Library = MujocoLoader.LibraryName;

    static MujocoApi() => NativeLibrary.SetDllImportResolver(typeof(MujocoApi).Assembly, MujocoLoader.Resolve);

    /// <summary>Throws when the library is missing or speaks another version of the interface.</summary>
    internal static void RequireLoaded()
    {
        if (MujocoLoader.Error is { } error)
            throw new MujocoException(error);
        if (abi_version() is var version && version != AbiVersion)
            throw new MujocoException($"librlhf_mujoco has ABI version {version}, expected {AbiVersion}: rebuild it with 'cmake --build build/native'");
    }

    internal static int Version()
    {
        int number;
        ThrowIfFailed(version(&number));
        return number;
    }

    internal static ModelHandle CreateModel(string name, string mjcf)
    {
        RequireLoaded();
        byte[] nameText = Encoding.UTF8.GetBytes(name + '\0'), text = Encoding.UTF8.GetBytes(mjcf);
        nint model;
        // An empty array has no address: the terminator stands in for it, with length 0.
        fixed (byte* namePointer = nameText, pointer = text.Length > 0 ? text : nameText)
            ThrowIfFailed(model_create(namePointer, pointer, text.Length, &model));
        return new ModelHandle(model);
    }

    internal static bool FreeModel(nint model) => model_free(&model) == 0;

    internal static NativeModelView View(ModelHandle model)
    {
        NativeModelView view;
        ThrowIfFailed(model_view_get(model, &view));
        return view;
    }

    internal static int Find(ModelHandle model, int kind, string name)
    {
        int id;
        fixed (byte* pointer = Encoding.UTF8.GetBytes(name + '\0'))
            ThrowIfFailed(model_find(model, kind, pointer, &id));
        return id;
    }

    internal static string Name(ModelHandle model, int kind, int id)
    {
        byte* name;
        ThrowIfFailed(model_name(model, kind, id, &name));
        return Marshal.PtrToStringUTF8((nint)name)!;
    }

    internal static SimulationHandle CreateSimulation(ModelHandle model)
    {
        nint simulation;
        ThrowIfFailed(simulation_create(model, &simulation));
        return new SimulationHandle(simulation);
    }

    internal static bool FreeSimulation(nint simulation) => simulation_free(&simulation) == 0;

    internal static NativeSimulationView View(SimulationHandle simulation)
    {
        NativeSimulationView view;
        ThrowIfFailed(simulation_view_get(simulation, &view));
        return view;
    }

    internal static void Reset(SimulationHandle simulation) => ThrowIfFailed(simulation_reset(simulation));

    internal static void Forward(SimulationHandle simulation) => ThrowIfFailed(simulation_forward(simulation));

    /// <summary>Null when the steps went well; otherwise why the state is not to be trusted.</summary>
    internal static string? Step(SimulationHandle simulation, int count)
    {
        int status = simulation_step(simulation, count);
        if (status == 0)
            return null;
        if (status == Diverged)
            return LastError;
        ThrowIfFailed(status);
        return null;
    }

    internal static NativeUsage Usage(SimulationHandle simulation)
    {
        NativeUsage usage;
        ThrowIfFailed(simulation_usage(simulation, &usage));
        return usage;
    }

    /// <summary>mjModel* and mjData*; they belong to the handles.</summary>
    internal static (nint Model, nint Data) Raw(SimulationHandle simulation)
    {
        nint model, data;
        ThrowIfFailed(simulation_raw(simulation, &model, &data));
        return (model, data);
    }

    private static void ThrowIfFailed(int status)
    {
        if (status != 0)
            Throw();
    }

    [DoesNotReturn]
    private static void Throw() => throw new MujocoException(LastError);

    private static string LastError => Marshal.PtrToStringUTF8((nint)last_error()) ?? "unknown native error";

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_abi_version")]
    private static partial int abi_version();

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_last_error")]
    private static partial byte* last_error();

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_version")]
    private static partial int version(int* version);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_model_create")]
    private static partial int model_create(byte* name, byte* xml, long length, nint* model);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_model_free")]
    private static partial int model_free(nint* model);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_model_view_get")]
    private static partial int model_view_get(ModelHandle model, NativeModelView* view);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_model_find")]
    private static partial int model_find(ModelHandle model, int kind, byte* name, int* id);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_model_name")]
    private static partial int model_name(ModelHandle model, int kind, int id, byte** name);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_create")]
    private static partial int simulation_create(ModelHandle model, nint* simulation);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_free")]
    private static partial int simulation_free(nint* simulation);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_view_get")]
    private static partial int simulation_view_get(SimulationHandle simulation, NativeSimulationView* view);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_reset")]
    private static partial int simulation_reset(SimulationHandle simulation);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_forward")]
    private static partial int simulation_forward(SimulationHandle simulation);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_step")]
    private static partial int simulation_step(SimulationHandle simulation, int count);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_usage")]
    private static partial int simulation_usage(SimulationHandle simulation, NativeUsage* usage);

    [LibraryImport(Library, EntryPoint = "rlhf_mujoco_simulation_raw")]
    private static partial int simulation_raw(SimulationHandle simulation, nint* model, nint* data);
}
