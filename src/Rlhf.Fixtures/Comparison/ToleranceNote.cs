using System.Globalization;
using System.Text.RegularExpressions;

namespace Rlhf.Fixtures.Comparison;

/// <summary>
/// The rules that notes on tolerances state, recognised by their words and applied by row:
/// <list type="bullet">
/// <item>"where |logit| is ~1e4 use atol 2e-3": rows whose largest |logit| is of that order (within √10) or above;</item>
/// <item>"times max |weight|": atol is multiplied by the largest upstream weight;</item>
/// <item>"scale atol by max|expected| * 1e-5": atol is at least that, with the maximum taken by row;</item>
/// <item>"or relative L2 error per parameter &lt; 1e-4": a tensor also passes as a whole.</item>
/// </list>
/// A note with none of these is a remark.
/// </summary>
internal sealed partial class ToleranceNote
{
    private readonly Tolerance _tolerance;
    private readonly NoteFacts _facts;
    private readonly double _scale = 1, _logitFloor = double.PositiveInfinity, _logitAbsolute;
    private readonly Dictionary<int, double>? _rowFloor;

    /// <summary>The tolerance at each element of <paramref name="expected"/>.</summary>
    public ToleranceNote(Tolerance tolerance, double[] expected, NoteFacts facts)
    {
        _tolerance = tolerance;
        _facts = facts;
        string note = tolerance.Note ?? string.Empty;
        if (WhereLogit().Match(note) is { Success: true } where)
        {
            _logitFloor = Number(where, 1) / Math.Sqrt(10);
            _logitAbsolute = Number(where, 2);
        }

        if (note.Contains("times max |weight|", StringComparison.Ordinal))
            _scale = facts.MaxWeight ?? 1;
        if (RelativeL2().Match(note) is { Success: true } l2)
            WholeTensor = Number(l2, 1);
        if (ScaleByExpected().Match(note) is { Success: true } scale)
        {
            _rowFloor = [];
            for (int i = 0; i < expected.Length; i++)
            {
                int row = Row(i);
                if (double.IsFinite(expected[i]))
                    _rowFloor[row] = Math.Max(_rowFloor.GetValueOrDefault(row), Math.Abs(expected[i]) * Number(scale, 1));
            }
        }
    }

    /// <summary>Bound of the relative L2 error with which the whole tensor passes; 0 for none.</summary>
    public double WholeTensor { get; }

    /// <summary>Largest allowed |x − e| at one element.</summary>
    public double At(int index, double expected)
    {
        double absolute = _tolerance.Absolute;
        if (_facts.RowLogitMax is { } max && max[Row(index)] >= _logitFloor)
            absolute = _logitAbsolute;
        absolute *= _scale;
        if (_rowFloor is not null)
            absolute = Math.Max(absolute, _rowFloor.GetValueOrDefault(Row(index)));
        return absolute + (_tolerance.Relative * Math.Abs(expected));
    }

    private static double Number(Match match, int group) => double.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"where \|logit\| is (?:about |~)?([0-9.]+(?:e[+-]?[0-9]+)?),? use atol ([0-9.]+(?:e[+-]?[0-9]+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex WhereLogit();

    [GeneratedRegex(@"max ?\|expected\| ?\* ?([0-9.]+(?:e[+-]?[0-9]+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex ScaleByExpected();

    [GeneratedRegex(@"or relative L2 error(?: per parameter)? < ([0-9.]+(?:e[+-]?[0-9]+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex RelativeL2();

    private int Row(int index) => _facts.RowOf?.Invoke(index) ?? 0;
}
