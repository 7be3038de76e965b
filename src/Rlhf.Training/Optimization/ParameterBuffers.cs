using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Optimization;

/// <summary>What an optimizer works on: a model's flat parameters and gradients [P], and which tensor lies where.</summary>
/// <param name="Parameters">[P] f32, updated in place.</param>
/// <param name="Gradients">[P] f32.</param>
/// <param name="Ranges">The tensors in ascending order of offset; elements between them are padding and stay zero.</param>
public sealed record ParameterBuffers(View<float> Parameters, View<float> Gradients, IReadOnlyList<ParameterRange> Ranges);
