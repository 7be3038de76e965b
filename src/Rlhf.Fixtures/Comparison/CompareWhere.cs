using System.Globalization;
using System.Text.RegularExpressions;
using Rlhf.Fixtures.Format;

namespace Rlhf.Fixtures.Comparison;

/// <summary>
/// A condition <c>NAME==VALUE</c> or <c>NAME!=VALUE</c> on an integer input; VALUE is a number or an argument. NAME is the input's
/// name, or its last words where the compared tensor has the same first word: rm_token_rewards and attention_mask mean
/// rm_attention_mask. The input's shape is the front of the tensor's shape.
/// </summary>
internal static partial class CompareWhere
{
    /// <summary>For each element of the tensor whether it is compared.</summary>
    public static bool[] Evaluate(DeclaredTensor tensor, CaseTensors tensors, CaseArguments arguments)
    {
        string text = tensor.CompareWhere!;
        Match match = Condition().Match(text);
        if (!match.Success)
            throw Unclear(tensor);
        DeclaredTensor input = Input(tensor, match.Groups[1].Value, tensors) ?? throw Unclear(tensor);
        string right = match.Groups[3].Value;
        long value = long.TryParse(right, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : arguments.OptionalInteger(right) ?? throw Unclear(tensor);
        if (input.Shape.Count > tensor.Shape.Count || !input.Shape.SequenceEqual(tensor.Shape.Take(input.Shape.Count)))
            throw new FixtureException($"tensor '{tensor.Name}': compare_where reads {input}, which is not the front of [{string.Join(", ", tensor.Shape)}]");

        long[] left = tensors.Integers(input.Name);
        bool equal = match.Groups[2].Value == "==";
        bool[] result = new bool[tensor.Count];
        int inner = left.Length == 0 ? 1 : result.Length / left.Length;
        for (int i = 0; i < result.Length; i++)
            result[i] = (left[i / inner] == value) == equal;
        return result;
    }

    private static DeclaredTensor? Input(DeclaredTensor tensor, string name, CaseTensors tensors)
    {
        if (tensors.HasInput(name))
            return tensors.Declared(name);
        string firstWord = tensor.Name.Split('_')[0];
        return tensors.HasInput($"{firstWord}_{name}") ? tensors.Declared($"{firstWord}_{name}") : null;
    }

    private static FixtureException Unclear(DeclaredTensor tensor) =>
        new($"tensor '{tensor.Name}': compare_where '{tensor.CompareWhere}' is not understood");

    [GeneratedRegex(@"^\s*(\w+)\s*(==|!=)\s*(-?\w+)\s*$")]
    private static partial Regex Condition();
}
