import Foundation

/// Files written by redis-server 7.0.15.
enum Fixture: String, CaseIterable {
    /// `SAVE` of databases 0 and 3: every string encoding, expiries, an empty key and value.
    case plain
    /// `maxmemory-policy allkeys-lru`, no compression, no checksum.
    case recency
    /// `maxmemory-policy allkeys-lfu`, a function library, and a replica attached.
    case frequency

    var bytes: [UInt8] { Array(Data(base64Encoded: text, options: .ignoreUnknownCharacters)!) }

    private var text: String {
        switch self {
        case .plain:
            """
            UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwn3jAGv6CHVzZWQtbWVt
            wuAPDwD6CGFvZi1iYXNlwAD+APsSAQAFZmxvYXQEMy4yNQAHaW50OG1heMB/AAZiaW5hcnlBAAABAgMEBQYH
            CAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVG
            R0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4SF
            hoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ipqqusra6vsLGys7S1tre4ubq7vL2+v8DBwsPE
            xcbHyMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8ABnJl
            cGVhdMMRQyAEYWJjZGHg/wPh/wfh/wchBwAFbWluNjQULTkyMjMzNzIwMzY4NTQ3NzU4MDgABGxvbmfDRkGA
            AABOIBAA3buZd1UzEe/MqohmRCIA3qAOAM2gDgC8gB0BzauAHQG8mmAsAs2riWAsAryaeEA7IA4AZ0A7IA4A
            ViBKQA4ARSBKQA4ANKAOACOgDgASgB0BIwGAHQES8GAsAiMB32AsAhLwziBKQA4AvSBKQA4ArKAOAJugDgCK
            gB0Bm3mAHQGKaGAsApt5V2AsAopoRiBKQA4ANSBKQA4AJKAOABOgDgACgB0BE/GAHQEC4GAsAhPxz2AsAgLg
            viBKQA4ArSBKQA4AnKAOAIugDgB6gB0Bi2mAHQF6WGAsAotpR2AsAnpYNiBKQA4AJSBKQA4AFKAOAAOgDgDy
            gB0BA+GAHQHy0GAsAgPhv2AsAvLQriBKQA4AnSBKQA4AjKAOAHugDgBqgB0Be1mAHQFqSGAsAntZN2AsAmpI
            JiBKQA4AFSBKQA4ABKAOAPOgDgDigB0B89GAHQHiwGAsAvPRr2AsAuLAniBKQA4AjSBKQA4AfKAOAGugDgBa
            gB0Ba0mAHQFaOGAsAmtJJ2AsAlo4FiBKQA4ABSBKQA4A9KAOAOOgDgDSgB0B48GAHQHSsGAsAuPBn2AsAtKw
            jiBKQA4AfSBKQA4AbKAOAFugDgBKgB0BWzmAHQFKKGAsAls5F2AsAkooBiBKQA4A9SBKQA4A5KAOANOgDgDC
            gB0B07GAHQHCoGAsAtOxj2AsAsKgfiBKQA4AbSBKQA4AXKAOAEugDgA6gB0BSymAHQE6GGAsAkspB2AsAjoY
            9iBKQA4A5SBKQA4A1KAOAMOgDgCygB0Bw6GAHQGykGAsAsOhf2AsArKQbiBKQA4AXSBKQA4ATKAOADugDgAq
            gB0BOxmAHQEqCGAsAjsZ92AsAioI5iBKQA4A1SBKQA4AxKAOALOgDgCigB0Bs5GAHQGigGAsArORb2AsAqKA
            XiBKQA4ATSBKQA4APKAOACugDgAagB0BKwmAHQEa+GAsAisJ52AsAhr41iBKQA4AxSBKQA4AtKAOAKOgDgCS
            gB0Bo4GAHQGScGAsAqOBX2AsApJwTiBKQA4APSBKQA4ALKAOABugDgAKgB0BG/mAHQEK6GAsAhv512AsAgro
            xiBKQA4AtSBKQA4ApKAOAJOgDgCCgB0Bk3GAHQGCYGAsApNxT2AsAoJgPiBKQA4ALSBKQA4AHKAOAAugDgD6
            gB0BC+mAHQH62GAsAgvpx2AsAvrYtiBKQA4ApSBKQA4AlKAOAIOgDgBygB0Bg2GAHQFyUGAsAoNhP2AsAnJQ
            LiBKQA4AHSBKQA4ADKAOAPugDgDqgB0B+9mAHQHqyGAsAvvZt2AsAurIpiBKQA4AlSBKQA4AhKAOAHOgDgBi
            gB0Bc1GAHQFiQGAsAnNRL2AsAmJAHiBKQA4ADSBKQA4A/KAOAOugDgDagB0B68mAHQHauGAsAuvJp2AsAtq4
            liBKQA4AhSBKQA4AdKAOAGOgDgBSgB0BY0GAHQFSMGAsAmNBH2AsAlIwDiBKQA4A/SBKQA4A7KAOANugDgDK
            gB0B27mAHQHKqGAsAtu5l2AsAsqohiBKQA4AdSBKQA4AZKAOAFOgDgBCgB0BUzGAHQFCIGAsAlMxD2AsAkIg
            /iBKQA4A7SBKQA4A3KAOAMugDgC6gB0By6mAHQG6mGAsAsuph2AsArqYdiBKQA4AZSBKQA4AVKAOAEOgDgAy
            gB0BQyGAHQEyEGAsAkMh/2AsAjIQ7iBKQA4A3SBKQA4AzKAOALugDgCqgB0Bu5mAHQGqiGAsAruZd2AsAqqI
            ZiBKQA4AVSBKQA4ARKAOADOgDgAigB0BMxGAHQEiAGAsJ7RgLCe0IEpADgDNIEpADgC8oA4Aq6AOAJqAHef/
            /+f//+f//+f//+f//+f//+f//+f//+///+///+///+///+///+///+///+////f///f///f///f///f///f/
            //f///f//////////////////////////////////wWLaUYkAuD/////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////
            //////////8FnnxaOBXz/////////////7r/AUAeAAVpbnQ2NBM5MjIzMzcyMDM2ODU0Nzc1ODA3AAVpbnQx
            NsHU/gAFaW50MzLCAJQ1dwAGcGFkZGVkAzAwNwAEemVyb8AAAAAJZW1wdHkga2V5/HvYwyy7AwAAAARzb29u
            AXgAwTkwC2ludGVnZXIga2V5AAR0ZXh0C2hlbGxvIHdvcmxkAAVlbXB0eQAABGludDjA+wAFbGVuNjPDDz8G
            YTFiMmMzYeAsBQJ4eXr+A/sCAfwA2MMsuwMAAAAIZXhwaXJpbmfAAQAFb3RoZXIIZGIgdGhyZWX//B3QToh4
            TL0=
            """
        case .recency:
            """
            UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwn3jAGv6CHVzZWQtbWVt
            wgBWDgD6CGFvZi1iYXNlwAD+APsDAfgAAAFjHmRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZPwA2MMs
            uwMAAPgAAAF0wAH4AAABYQFi/wAAAAAAAAAA
            """
        case .frequency:
            """
            UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwn7jAGv6CHVzZWQtbWVt
            wvBCEQD6DnJlcGwtc3RyZWFtLWRiwAL6B3JlcGwtaWQoNGQ4YTVjNzRkNzVkOTY2N2JiNWYzYjVjNTc1NWM3
            YTk2NTg4Zjc1NvoLcmVwbC1vZmZzZXTAMvoIYW9mLWJhc2XAAPVAQyMhbHVhIG5hbWU9bGliCnJlZGlzLnJl
            Z2lzdGVyX2Z1bmN0aW9uKCJmIixmdW5jdGlvbigpIHJldHVybiAxIGVuZCn+APsBAPkFAAFhAWL+AvsBAPkF
            AAF6wAn/qSR5UaPwxXY=
            """
        }
    }
}
