using System.Runtime.InteropServices;

namespace Rlhf.Models.Native;

/// <summary>Owns an <c>rlhf_torch_model</c>.</summary>
internal sealed class ModelHandle : SafeHandle
{
    internal ModelHandle(nint model)
        : base(0, ownsHandle: true) => SetHandle(model);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => TorchApi.FreeModel(handle);
}

/// <summary>Owns an <c>rlhf_torch_decoder</c>, which keeps its model's memory alive by itself.</summary>
internal sealed class DecoderHandle : SafeHandle
{
    internal DecoderHandle(nint decoder)
        : base(0, ownsHandle: true) => SetHandle(decoder);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => TorchApi.FreeDecoder(handle);
}

/// <summary>Owns an <c>rlhf_network</c>.</summary>
internal sealed class NetworkHandle : SafeHandle
{
    internal NetworkHandle(nint network)
        : base(0, ownsHandle: true) => SetHandle(network);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => NetworkApi.Free(handle);
}
