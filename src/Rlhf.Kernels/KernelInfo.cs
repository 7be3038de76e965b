namespace Rlhf.Kernels;

/// <summary>What is known of a kernel before it runs: its address in every room, its cost, and how exact it is.</summary>
/// <param name="Family">The folder it stands in, in every room: Sequence, Policy, Preference, Control, Sampling, Optimizer.</param>
/// <param name="Name">The file it stands in, in every room; the method of <see cref="IKernels"/> (or the first part of it).</param>
/// <param name="Element">What the two costs are counted by: logit, token, step, pair, action, parameter.</param>
/// <param name="Bytes">Least memory traffic an element, f32 storage.</param>
/// <param name="Flops">Arithmetic an element, an exponential counted as one.</param>
/// <param name="RelativeTolerance">Largest relative error against the double reference.</param>
/// <param name="AbsoluteTolerance">Largest absolute error against the double reference.</param>
/// <param name="Why">Where the tolerance comes from.</param>
public sealed record KernelInfo(
    string Family,
    string Name,
    string Element,
    double Bytes,
    double Flops,
    double RelativeTolerance,
    double AbsoluteTolerance,
    string Why);
