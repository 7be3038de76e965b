using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Rlhf.Models.Native;

/// <summary>One wrapper for each function of native/torch/rlhf_torch.h. Each ends in <see cref="ThrowIfFailed"/>.</summary>
internal static unsafe partial class TorchApi
{
    private const int AbiVersion = 2;
    private const int InvalidArgument = 1;
    private const string Library = NativeLoader.LibraryName;

    private static readonly Lazy<bool> Started = new(Start);

    static TorchApi() => NativeLibrary.SetDllImportResolver(typeof(TorchApi).Assembly, NativeLoader.Resolve);

    /// <summary>Throws when the library is missing or speaks another version of the interface.</summary>
    internal static void RequireLoaded()
    {
        if (NativeLoader.Error is { } error)
            throw new TorchException(error);
        if (abi_version() is var version && version != AbiVersion)
            throw new TorchException($"librlhf_torch has ABI version {version}, expected {AbiVersion}: rebuild it with 'cmake --build build/native'");
        _ = Started.Value;
    }

    internal static string Describe()
    {
        byte* text = stackalloc byte[512];
        ThrowIfFailed(describe(text, 512));
        return Marshal.PtrToStringUTF8((nint)text)!;
    }

    internal static void SetThreads(int threads) => ThrowIfFailed(set_threads(threads));

    internal static ModelHandle CreateModel(in NativeSpec spec)
    {
        RequireLoaded();
        nint model;
        fixed (NativeSpec* pointer = &spec)
            ThrowIfFailed(model_create(pointer, &model));
        return new ModelHandle(model);
    }

    internal static bool FreeModel(nint model) => model_free(&model) == 0;

    internal static (int Parameters, long Elements) Size(ModelHandle model)
    {
        int parameters;
        long elements;
        ThrowIfFailed(model_size(model, &parameters, &elements));
        return (parameters, elements);
    }

    internal static (string Name, long Offset, long Rows, long Cols) Parameter(ModelHandle model, int index)
    {
        NativeParameter parameter;
        ThrowIfFailed(model_parameter(model, index, &parameter));
        return (Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(parameter.Name)), parameter.Offset, parameter.Rows, parameter.Cols);
    }

    internal static float* Weights(ModelHandle model)
    {
        float* weights;
        ThrowIfFailed(model_weights(model, &weights));
        return weights;
    }

    internal static float* Gradients(ModelHandle model)
    {
        float* gradients;
        ThrowIfFailed(model_gradients(model, &gradients));
        return gradients;
    }

    internal static float* Forward(ModelHandle model, in NativeBatch batch, int* rows, int rowCount, bool keep)
    {
        float* hidden;
        fixed (NativeBatch* pointer = &batch)
            ThrowIfFailed(model_forward(model, pointer, rows, rowCount, keep ? 1 : 0, &hidden));
        return hidden;
    }

    internal static void Backward(ModelHandle model, float* gradHidden) => ThrowIfFailed(model_backward(model, gradHidden));

    internal static void Trim(ModelHandle model) => ThrowIfFailed(model_trim(model));

    internal static DecoderHandle CreateDecoder(ModelHandle model, int sequences, int capacity)
    {
        nint decoder;
        ThrowIfFailed(decoder_create(model, sequences, capacity, &decoder));
        return new DecoderHandle(decoder);
    }

    internal static bool FreeDecoder(nint decoder) => decoder_free(&decoder) == 0;

    internal static float* Prefill(DecoderHandle decoder, in NativeBatch batch)
    {
        float* logits;
        fixed (NativeBatch* pointer = &batch)
            ThrowIfFailed(decoder_prefill(decoder, pointer, &logits));
        return logits;
    }

    internal static float* Step(DecoderHandle decoder, int* tokens, int count)
    {
        float* logits;
        ThrowIfFailed(decoder_step(decoder, tokens, count, &logits));
        return logits;
    }

    internal static void Keep(DecoderHandle decoder, int* indices, int count) => ThrowIfFailed(decoder_keep(decoder, indices, count));

    /// <summary>libtorch's own default may be one thread; this is every processor, or OMP_NUM_THREADS where the user set it.</summary>
    private static bool Start()
    {
        int chosen = int.TryParse(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"), out int threads) && threads > 0 ? threads : Environment.ProcessorCount;
        ThrowIfFailed(set_threads(chosen));
        return true;
    }

    internal static void ThrowIfFailed(int status)
    {
        if (status != 0)
            Throw(status);
    }

    [DoesNotReturn]
    private static void Throw(int status)
    {
        string text = Marshal.PtrToStringUTF8((nint)last_error()) ?? "unknown native error";
        throw status == InvalidArgument ? new ArgumentException(text) : new TorchException($"librlhf_torch: {text.ReplaceLineEndings(" ")}");
    }

    [LibraryImport(Library, EntryPoint = "rlhf_torch_abi_version")]
    private static partial int abi_version();

    [LibraryImport(Library, EntryPoint = "rlhf_torch_last_error")]
    private static partial byte* last_error();

    [LibraryImport(Library, EntryPoint = "rlhf_torch_describe")]
    private static partial int describe(byte* text, int capacity);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_set_threads")]
    private static partial int set_threads(int threads);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_create")]
    private static partial int model_create(NativeSpec* spec, nint* model);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_free")]
    private static partial int model_free(nint* model);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_size")]
    private static partial int model_size(ModelHandle model, int* parameters, long* elements);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_parameter")]
    private static partial int model_parameter(ModelHandle model, int index, NativeParameter* parameter);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_weights")]
    private static partial int model_weights(ModelHandle model, float** weights);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_gradients")]
    private static partial int model_gradients(ModelHandle model, float** gradients);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_forward")]
    private static partial int model_forward(ModelHandle model, NativeBatch* batch, int* rows, int rowCount, int keep, float** hidden);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_backward")]
    private static partial int model_backward(ModelHandle model, float* gradHidden);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_model_trim")]
    private static partial int model_trim(ModelHandle model);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_decoder_create")]
    private static partial int decoder_create(ModelHandle model, int sequences, int capacity, nint* decoder);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_decoder_free")]
    private static partial int decoder_free(nint* decoder);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_decoder_prefill")]
    private static partial int decoder_prefill(DecoderHandle decoder, NativeBatch* batch, float** logits);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_decoder_step")]
    private static partial int decoder_step(DecoderHandle decoder, int* tokens, int count, float** logits);

    [LibraryImport(Library, EntryPoint = "rlhf_torch_decoder_keep")]
    private static partial int decoder_keep(DecoderHandle decoder, int* indices, int count);
}
