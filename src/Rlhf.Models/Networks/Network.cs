using System.Runtime.InteropServices;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;

namespace Rlhf.Models.Networks;

/// <summary>
/// A small network, or several of one shape (members) that run as one pass over libtorch. All weights lie in one flat f32 vector, gradients in
/// another, both in native memory, which optimizers and kernels read and write in place.
/// </summary>
/// <remarks>One thread at a time; different networks may run side by side. Memory is freed by <see cref="Dispose"/> or by the finalizer.</remarks>
public sealed unsafe class Network : IDisposable
{
    private readonly NetworkHandle _handle;
    private readonly float* _weights;
    private readonly float* _buffers;
    private readonly int _weightCount;
    private readonly int _bufferCount;
    private float* _gradients;
    private int _keptRows;

    /// <summary>A network with first weights that depend on the seed alone (see <see cref="NetworkLayer"/>), member by member.</summary>
    /// <exception cref="ArgumentException">Layers that do not fit one another; the layer and the shapes are named.</exception>
    /// <exception cref="TorchException">The native library is missing.</exception>
    public Network(NetworkSpec spec, ulong seed)
    {
        Spec = spec;
        _handle = NetworkApi.Create(spec);
        NativeNetworkSize size = NetworkApi.Sizes(_handle);
        Inputs = size.Inputs;
        Outputs = size.Outputs;
        WeightsPerMember = (int)size.WeightsPerMember;
        BuffersPerMember = (int)size.BuffersPerMember;
        _weightCount = WeightsPerMember * spec.Members;
        _bufferCount = BuffersPerMember * spec.Members;
        _weights = NetworkApi.Weights(_handle);
        _buffers = NetworkApi.Buffers(_handle);
        Parameters = Tensors(size.Parameters, NetworkApi.Parameter, WeightsPerMember);
        Statistics = Tensors(size.Buffers, NetworkApi.Buffer, BuffersPerMember);
        for (int member = 0; member < spec.Members; member++)
            Initialize(member, seed);
        SetDropoutSeed(seed);
    }

    /// <summary>The network as data.</summary>
    public NetworkSpec Spec { get; }

    /// <summary>I: values of a row in.</summary>
    public int Inputs { get; }

    /// <summary>O: values of a row out.</summary>
    public int Outputs { get; }

    /// <summary>M: networks side by side.</summary>
    public int Members => Spec.Members;

    /// <summary>Weights of one member; member m has the elements from m · WeightsPerMember on.</summary>
    public int WeightsPerMember { get; }

    /// <summary>Running statistics of one member.</summary>
    public int BuffersPerMember { get; }

    /// <summary>All parameters, member after member, in the order of the flat vectors, which they cover without gaps.</summary>
    public IReadOnlyList<NetworkParameter> Parameters { get; }

    /// <summary>Batch norm's running means and variances within <see cref="Buffers"/>, member after member.</summary>
    public IReadOnlyList<NetworkParameter> Statistics { get; }

    /// <summary>[P] all weights, member after member.</summary>
    public View<float> Weights
    {
        get
        {
            ThrowIfDisposed();
            return View<float>.Vector(_weights, _weightCount);
        }
    }

    /// <summary>[P] all gradients, made (zero) at the first use; <see cref="Backward"/> adds to them.</summary>
    public View<float> Gradients
    {
        get
        {
            ThrowIfDisposed();
            if (_gradients == null)
                _gradients = NetworkApi.Gradients(_handle);
            return View<float>.Vector(_gradients, _weightCount);
        }
    }

    /// <summary>[B] running statistics, which no optimizer touches; empty without batch norm.</summary>
    public View<float> Buffers
    {
        get
        {
            ThrowIfDisposed();
            return View<float>.Vector(_buffers, _bufferCount);
        }
    }

    /// <summary>Runs all members.</summary>
    /// <param name="input">[N, I], contiguous; with <paramref name="perMember"/> [M·N, I], the rows of member 0 first.</param>
    /// <param name="mode">What is kept, and how batch norm and dropout act.</param>
    /// <param name="perMember">Each member has rows of its own; otherwise all see the same.</param>
    /// <returns>[M·N, O], the rows of member 0 first; valid until this network's next forward.</returns>
    /// <remarks>
    /// A kept forward stays for <see cref="Backward"/> and <see cref="JacobianProduct"/> until the next kept one; an inference between does not
    /// disturb it, but weights that change do.
    /// </remarks>
    public ReadOnlyView<float> Forward(ReadOnlyView<float> input, ForwardMode mode, bool perMember = false)
    {
        int rows = CheckedRows(input, perMember);
        if (mode != ForwardMode.Inference)
            _keptRows = 0;
        float* output = NetworkApi.Forward(_handle, input.Pointer, rows, perMember, (int)mode);
        if (mode != ForwardMode.Inference)
            _keptRows = rows * Members;
        return new ReadOnlyView<float>(output, rows * Members, Outputs);
    }

    /// <summary>Adds the gradients of all weights, given the gradient at the last kept forward's output. May be called again for the same forward.</summary>
    /// <param name="gradOutput">[M·N, O], contiguous.</param>
    public void Backward(ReadOnlyView<float> gradOutput)
    {
        RequireKept(nameof(Backward));
        Require.Shape(gradOutput, _keptRows, Outputs);
        RequireContiguous(gradOutput, nameof(gradOutput));
        NetworkApi.Backward(_handle, gradOutput.Pointer);
    }

    /// <summary>J·v: how the last kept forward's output moves when the weights move along a direction.</summary>
    /// <param name="direction">[P], contiguous.</param>
    /// <returns>[M·N, O]; valid until the next product.</returns>
    /// <remarks>With <see cref="Backward"/> (Jᵀ·u) this makes the Gauss–Newton or Fisher products of TRPO. The first of a forward costs one backward more.</remarks>
    public ReadOnlyView<float> JacobianProduct(ReadOnlyView<float> direction)
    {
        RequireKept(nameof(JacobianProduct));
        Require.Shape(direction, _weightCount, 1);
        RequireContiguous(direction, nameof(direction));
        return new ReadOnlyView<float>(NetworkApi.JacobianProduct(_handle, direction.Pointer), _keptRows, Outputs);
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients() => new Span<float>(Gradients.Pointer, _weightCount).Clear();

    /// <summary>[P/M] the weights of one member.</summary>
    public View<float> MemberWeights(int member) => Weights.SliceRows(member * WeightsPerMember, WeightsPerMember);

    /// <summary>First weights and statistics anew for one member; another seed gives others.</summary>
    public void Initialize(int member, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(member);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(member, Members);
        NetworkInit.Fill(Spec, Parameters, new Span<float>(Weights.Pointer, _weightCount), seed, member);
        foreach (NetworkParameter statistic in Statistics.Where(statistic => statistic.Member == member))
            new Span<float>(_buffers + statistic.Offset, statistic.Count).Fill(statistic.Name.EndsWith(".running_var", StringComparison.Ordinal) ? 1 : 0);
    }

    /// <summary>
    /// Dropout's masks from here on are a function of this seed, the member and the number of training forwards since; the constructor sets its own
    /// seed.
    /// </summary>
    public void SetDropoutSeed(ulong seed) => NetworkApi.SetDropoutSeed(_handle, seed);

    /// <summary>A second network with the same weights and statistics.</summary>
    public Network Clone()
    {
        Network clone = new(Spec, 0);
        clone.CopyFrom(this);
        return clone;
    }

    /// <summary>Takes the weights and statistics of another network of this shape.</summary>
    /// <exception cref="ArgumentException">The shapes differ (both named).</exception>
    public void CopyFrom(Network other)
    {
        if (!Parameters.SequenceEqual(other.Parameters, NetworkFile.SameTensor) || !Statistics.SequenceEqual(other.Statistics, NetworkFile.SameTensor))
            throw new ArgumentException($"the source network is {other.Spec}, expected {Spec}");
        new ReadOnlySpan<float>(other.Weights.Pointer, _weightCount).CopyTo(new Span<float>(Weights.Pointer, _weightCount));
        new ReadOnlySpan<float>(other._buffers, _bufferCount).CopyTo(new Span<float>(_buffers, _bufferCount));
    }

    /// <summary>Writes weights and statistics as safetensors, whole or not at all.</summary>
    public void Save(string path) => NetworkFile.Save(this, path);

    /// <summary>Reads weights and statistics that <see cref="Save"/> wrote; on any error the network stays as it was.</summary>
    /// <exception cref="Checkpoints.DataFormatException">Missing, malformed, or of another shape (named).</exception>
    public void Load(string path) => NetworkFile.Load(this, path);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private int CheckedRows(ReadOnlyView<float> input, bool perMember)
    {
        ThrowIfDisposed();
        int members = perMember ? Members : 1;
        if (input.IsEmpty || input.Cols != Inputs || input.Rows == 0 || input.Rows % members != 0)
            throw new ArgumentException($"input is {input}, expected {(perMember ? $"[{Members}·N, {Inputs}]" : $"[N, {Inputs}]")}");
        RequireContiguous(input, nameof(input));
        return input.Rows / members;
    }

    private void RequireKept(string name)
    {
        ThrowIfDisposed();
        if (_keptRows == 0)
            throw new InvalidOperationException($"{name} needs a Forward in mode Evaluation or Training before it");
    }

    private static void RequireContiguous(ReadOnlyView<float> view, string name)
    {
        if (!view.IsContiguous)
            throw new ArgumentException($"{name} has rows {view.RowStride} elements apart, expected contiguous memory");
    }

    private List<NetworkParameter> Tensors(int count, Func<NetworkHandle, int, NativeNetworkTensor> describe, int perMember)
    {
        List<NetworkParameter> tensors = [];
        for (int member = 0; member < Members; member++)
        {
            for (int i = 0; i < count; i++)
            {
                NativeNetworkTensor tensor = describe(_handle, i);
                int[] shape = new ReadOnlySpan<int>(tensor.Shape, tensor.Rank).ToArray();
                tensors.Add(new NetworkParameter(Marshal.PtrToStringUTF8((nint)tensor.Name)!, tensor.Layer, shape, (int)tensor.Offset + (member * perMember), member));
            }
        }

        return tensors;
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
}
