using System.Globalization;

namespace AlpacaCot.Tokenizers;

/// <summary>What Python makes of characters and numbers, where the reference's own texts hang on it: chat templates and result files print by it.</summary>
public static class PythonValues
{
    /// <summary>Whether Python calls a character white space (<c>str.isspace</c>): the file, group, record and unit separators too.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    /// <summary>A float as Python prints it: the shortest digits, an exponent from 1e16 on and below 1e-4.</summary>
    public static string Repr(double number)
    {
        if (double.IsNaN(number)) return "nan";
        if (double.IsInfinity(number)) return number > 0 ? "inf" : "-inf";
        var parts = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture).Split('E');
        var point = parts[0].IndexOf('.') is >= 0 and var at ? at : parts[0].Length;
        var written = parts[0].Replace(".", "", StringComparison.Ordinal);
        var zeros = written.Length - written.TrimStart('0').Length;
        var exponent = point - 1 - zeros + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        var digits = written.Trim('0');
        var sign = number < 0 || (number == 0 && double.IsNegative(number)) ? "-" : "";
        if (digits.Length == 0) return sign + "0.0";
        if (exponent is < -4 or >= 16)
            return sign + digits[..1] + (digits.Length > 1 ? "." + digits[1..] : "") + (exponent < 0 ? "e-" : "e+") + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
        if (exponent < 0) return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1 ? sign + digits.PadRight(exponent + 1, '0') + ".0" : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }
}
