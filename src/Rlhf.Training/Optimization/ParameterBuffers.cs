using System.Numerics.Tensors;
using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Training.Optimization;

/// <summary>What an optimizer works on: flat parameters and gradients [P], and which tensor lies where.</summary>
/// <param name="Weights">[P] f32, updated in place.</param>
/// <param name="Gradients">[P] f32.</param>
/// <param name="Tensors">The tensors in ascending order of offset, without gaps.</param>
public sealed record ParameterBuffers(View<float> Weights, View<float> Gradients, IReadOnlyList<Parameter> Tensors)
{
    /// <summary>All parameters of a model, its head's included.</summary>
    public static ParameterBuffers Of(Transformer model) => new(model.Weights, model.Gradients, model.Parameters);

    /// <summary>The first tensor that holds a NaN or an infinity, as a phrase with the value and its place; weights before gradients.</summary>
    public string? FirstNonFinite() => FirstNonFinite(Weights, "weight") ?? FirstNonFinite(Gradients, "gradient");

    /// <summary>The tensor with the largest weight, as a phrase: where an overflow begins that no weight shows yet.</summary>
    public unsafe string LargestWeight()
    {
        (float Value, string Name) largest = (0, "");
        foreach (Parameter tensor in Tensors)
        {
            float value = TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(Weights.Pointer + tensor.Offset, tensor.Count));
            if (Math.Abs(value) > Math.Abs(largest.Value))
                largest = (value, tensor.Name);
        }

        return $"weight '{largest.Name}' reaches {largest.Value}";
    }

    private unsafe string? FirstNonFinite(View<float> vector, string what)
    {
        foreach (Parameter tensor in Tensors)
        {
            var values = new ReadOnlySpan<float>(vector.Pointer + tensor.Offset, tensor.Count);
            for (int i = 0; i < values.Length; i++)
            {
                if (!float.IsFinite(values[i]))
                    return $"{what} '{tensor.Name}' is {values[i]} at element {i}";
            }
        }

        return null;
    }
}
